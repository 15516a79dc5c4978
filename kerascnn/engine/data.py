"""From a source to arrays: every sample read once and checked, divided, and ready to be taken in any order."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import psutil

from kerascnn.engine.check import Finding, check
from kerascnn.engine.pictures import Form, Picture, PictureError, read_all
from kerascnn.engine.progress import Progress
from kerascnn.engine.split import split_samples
from kerascnn.errors import DataError, UsageError, counted
from kerascnn.spec import DataInfo, Sample, Spec, spec_from_dict
from kerascnn.spec.data import SPLITS

_CHUNK = 512


class Pictures:
    """The pictures of a data set: in memory where they fit, else decoded anew each time they are taken."""

    def __init__(self, payloads: Sequence[Any], form: Form, cache: np.ndarray | None):
        self.payloads, self.form, self.cache = payloads, form, cache

    def take(self, indices: np.ndarray) -> np.ndarray:
        """Return uint8 `(n, height, width, channels)`. Raises DataError where a file has gone since the check."""
        if self.cache is not None:
            return self.cache[indices]
        pictures = read_all([self.payloads[i] for i in indices], self.form)
        lost = [
            (str(self.payloads[i]), str(p))
            for i, p in zip(indices, pictures, strict=True)
            if isinstance(p, PictureError)
        ]
        if lost:
            raise DataError("pictures that were there when the run began cannot be read any more", lost)
        return np.stack([picture.pixels for picture in pictures if isinstance(picture, Picture)])


@dataclass(frozen=True)
class Dataset:
    """All samples of a spec's data, read and divided."""

    info: DataInfo
    form: Form
    pictures: Pictures
    classes: np.ndarray
    """Number of each sample's class."""
    parts: Sequence[str]
    """Split of each sample."""
    manifest: list[dict[str, Any]]
    """A line for each sample, as the run keeps it."""
    notes: Sequence[str]
    """What the source left out, in sentences."""
    findings: Sequence[Finding]
    """What is odd about the samples."""

    def indices(self, split: str) -> np.ndarray:
        """Return the numbers of the samples of a split."""
        return np.array([i for i, part in enumerate(self.parts) if part == split], dtype=int)

    @property
    def fingerprint(self) -> str:
        """A hash of every sample's content, label and split."""
        lines = sorted(f"{m['id']}\0{m['sha256']}\0{m['label']}\0{m['split']}" for m in self.manifest)
        return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def load_data(spec: Spec, progress: Progress | None = None) -> Dataset:
    """Return the data of a spec. Raises DataError with every file that is at fault."""
    progress = progress or Progress()
    scan = spec.data.source.scan()
    samples = list(scan.samples)
    labels = tuple(scan.labels)
    _check_classes(samples, labels)
    form, pictures, facts = _read(samples, spec, progress)
    division = split_samples(samples, spec.data.split, spec.train.seed, [fact["sha256"] for fact in facts])
    parts = division.parts
    _check_splits(samples, parts, labels)
    number = {label: i for i, label in enumerate(labels)}
    classes = np.array([number[sample.label] for sample in samples])
    manifest = [
        {"id": sample.id, "label": sample.label, "split": part, **({"group": group} if group else {}), **fact}
        for sample, part, group, fact in zip(samples, parts, division.groups, facts, strict=True)
    ]
    train = np.flatnonzero(np.array(parts) == "train")
    mean, variance = _statistics(pictures, train)
    shape = pictures.take(np.array([0])).shape[1:]
    info = DataInfo(shape, labels, _counts(manifest, labels), mean, variance)
    findings = check(manifest, division.torn)
    return Dataset(info, form, pictures, classes, parts, manifest, list(scan.notes), findings)


def load_split(spec: Spec, manifest: Sequence[dict[str, Any]], form: Form, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the pictures and class numbers of one split of a run, checked against its manifest.

    Raises DataError where a sample is gone, changed, or cannot be read.
    """
    wanted = {line["id"]: line for line in manifest if line["split"] == split}
    if not wanted:
        raise UsageError(f"this run has no {split} split; it has {', '.join(_present(manifest))}")
    scan = spec.data.source.scan()
    _check_labels(scan.labels, {line["label"] for line in manifest})
    samples = [sample for sample in scan.samples if sample.id in wanted]
    found = {sample.id for sample in samples}
    wrong = [(name, "is not in the source any more") for name in wanted if name not in found]
    number = {label: i for i, label in enumerate(scan.labels)}
    pictures = []
    classes = []
    for sample, picture in zip(samples, read_all([s.payload for s in samples], form), strict=True):
        line = wanted[sample.id]
        if isinstance(picture, PictureError):
            wrong.append((_name(sample), str(picture)))
        elif (picture.sha256, sample.label) != (line["sha256"], line["label"]):
            what = "has other content" if picture.sha256 != line["sha256"] else f"is labelled {sample.label} now"
            wrong.append((_name(sample), f"{what} than when the run was trained"))
        else:
            pictures.append(picture.pixels)
            classes.append(number[sample.label])
    if wrong:
        raise DataError(f"the {split} split is not what the run was made with", wrong)
    return np.stack(pictures), np.array(classes)


def _check_labels(now: Sequence[str], then: set[str]) -> None:
    """Raise DataError where the classes are others than those of the run: their numbers would mean other classes."""
    new = [(label, "is a class that the run does not know") for label in now if label not in then]
    gone = [(label, "is not a class any more") for label in sorted(then.difference(now))]
    if new or gone:
        raise DataError("the source has other classes than when the run was trained", [*new, *gone])


def _present(manifest: Sequence[dict[str, Any]]) -> list[str]:
    return [split for split in SPLITS if any(line["split"] == split for line in manifest)]


def anchor(spec: Spec) -> Spec:
    """Return the spec with the paths of its source made absolute, so that the run can be used from any folder."""
    tree = spec.spell()
    source = tree["data"]["source"]
    for field in spec.data.source.paths:
        if source[field] is not None:
            source[field] = os.path.abspath(os.path.expanduser(source[field]))
    return spec_from_dict(tree)


def scan_info(spec: Spec) -> DataInfo:
    """Return the info that a network is built for, from the first picture of the source alone. Raises DataError."""
    scan = spec.data.source.scan()
    _check_classes(list(scan.samples), tuple(scan.labels))
    form = _asked_form(spec)
    picture = read_all([scan.samples[0].payload], form)[0]
    if isinstance(picture, PictureError):
        raise DataError("a picture cannot be read", [(_name(scan.samples[0]), str(picture))])
    return DataInfo(picture.pixels.shape, tuple(scan.labels))


def _check_classes(samples: Sequence[Sample], labels: Sequence[str]) -> None:
    counts = Counter(sample.label for sample in samples)
    if not samples:
        raise DataError("the source holds no sample")
    empty = [label for label in labels if not counts[label]]
    if empty:
        raise DataError(
            f"{counted(len(empty), 'class has', 'classes have')} no sample",
            [(label, "is an empty class") for label in empty],
        )
    if len(labels) < 2:
        raise DataError(f"there is only one class, '{labels[0]}'; a classifier needs two or more to tell apart")


def _check_splits(samples: Sequence[Sample], parts: Sequence[str], labels: Sequence[str]) -> None:
    trained = {sample.label for sample, part in zip(samples, parts, strict=True) if part == "train"}
    untrained = [label for label in labels if label not in trained]
    if untrained:
        raise DataError(
            f"{counted(len(untrained), 'class has', 'classes have')} no sample to train on",
            [(label, "has none in train") for label in untrained],
        )


def _asked_form(spec: Spec) -> Form:
    """Return the form as the spec says it; what it leaves open is None."""
    channels = {"auto": None, "grayscale": 1, "rgb": 3}[spec.data.color]
    return Form(spec.data.image_size, spec.data.resize, channels)


def _read(samples: Sequence[Sample], spec: Spec, progress: Progress) -> tuple[Form, Pictures, list[dict[str, Any]]]:
    """Read every picture once: to check it, to hash it, and to keep it where all fit into memory."""
    data = spec.data
    form = _asked_form(spec)
    payloads = [sample.payload for sample in samples]
    kept: list[np.ndarray] | None = []
    budget = psutil.virtual_memory().available // 3
    facts: list[dict[str, Any]] = []
    bad: list[tuple[str, str]] = []
    sizes: Counter[tuple[int, int]] = Counter()
    grey = True
    held = 0
    with progress.count("reading pictures", len(samples)) as seen:
        for start in range(0, len(samples), _CHUNK):
            chunk = slice(start, start + _CHUNK)
            for sample, picture in zip(samples[chunk], read_all(payloads[chunk], form, seen), strict=True):
                if isinstance(picture, PictureError):
                    bad.append((_name(sample), str(picture)))
                    continue
                facts.append({"sha256": picture.sha256, "height": picture.height, "width": picture.width})
                sizes[picture.height, picture.width] += 1
                grey = grey and picture.grey
                if kept is not None:
                    held += picture.pixels.nbytes
                    kept.append(picture.pixels)
                    if held > budget:
                        kept = None
    if bad:
        raise DataError(f"{len(bad)} of {len(samples)} pictures cannot be read", bad)
    if data.image_size is None and len(sizes) > 1:
        raise DataError(_say_sizes(sizes))
    form = Form(data.image_size or next(iter(sizes)), data.resize, form.channels or (1 if grey else 3))
    cache = None if kept is None else _stack(kept, form)
    return form, Pictures(payloads, form, cache), facts


def _stack(kept: list[np.ndarray], form: Form) -> np.ndarray:
    """Return one array of all pictures, freeing each as it is copied; grey ones among coloured ones become RGB."""
    assert form.size is not None
    stacked = np.empty((len(kept), *form.size, form.channels or 3), dtype="uint8")
    for i in range(len(kept)):
        stacked[i] = kept[i]
        kept[i] = stacked[i, :0]
    return stacked


def _say_sizes(sizes: Counter[tuple[int, int]]) -> str:
    common = ", ".join(f"{h} x {w} ({n})" for (h, w), n in sizes.most_common(3))
    return (
        f"the pictures have {len(sizes)} different sizes, such as {common} (height x width, count); "
        "say with data.image_size to which one they are brought, for example image_size: [224, 224]"
    )


def _counts(manifest: Sequence[dict[str, Any]], labels: Sequence[str]) -> dict[str, dict[str, int]]:
    found = Counter((line["split"], line["label"]) for line in manifest)
    present = {line["split"] for line in manifest}
    return {split: {label: found[split, label] for label in labels} for split in SPLITS if split in present}


def _statistics(pictures: Pictures, indices: np.ndarray) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return mean and variance of each channel over some pictures, in whole numbers so that they are exact."""
    total: Any = 0
    squares: Any = 0
    pixels = 0
    for start in range(0, len(indices), _CHUNK):
        batch = pictures.take(indices[start : start + _CHUNK]).astype("uint32")
        total = total + batch.sum(axis=(0, 1, 2), dtype="uint64")
        squares = squares + (batch * batch).sum(axis=(0, 1, 2), dtype="uint64")
        pixels += batch.shape[0] * batch.shape[1] * batch.shape[2]
    mean = [int(t) / pixels for t in total]
    variance = [int(s) / pixels - m * m for s, m in zip(squares, mean, strict=True)]
    return tuple(mean), tuple(max(v, 0.0) for v in variance)


def _name(sample: Sample) -> str:
    name = sample.id if isinstance(sample.payload, np.ndarray) else str(sample.payload)
    return f"{name} ({sample.origin})" if sample.origin else name
