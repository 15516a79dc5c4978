"""Pictures: bytes at one size, in memory, in a file, or decoded anew for each batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np

from kerascnn.engine import pictures
from kerascnn.engine.media.base import Elements, Form, Raw
from kerascnn.engine.media.keep import Keeper, OnDisk, choose_keeper, digests_of, ending_of
from kerascnn.engine.media.verdicts import Verdicts
from kerascnn.engine.pictures import Picture, PictureError
from kerascnn.engine.progress import Progress
from kerascnn.errors import DataError
from kerascnn.spec import DataInfo, Sample, Spec

_CHUNK = 256


@dataclass(frozen=True)
class ImageForm(pictures.Form, Form):
    """How a picture becomes the model's input."""

    medium: ClassVar[str] = "image"

    def read(self, payloads: Sequence[Any]) -> list[Raw | Exception]:
        """Return uint8 `(height, width, channels)` of every picture, or why it cannot be read."""
        return [
            Raw(found.pixels, found.sha256, (found.height, found.width)) if isinstance(found, Picture) else found
            for found in pictures.read_all(payloads, self)
        ]

    @classmethod
    def of(cls, spec: Spec) -> ImageForm:
        """Return the form as the spec says it; what it leaves open is None."""
        data = spec.data
        channels = {"auto": None, "grayscale": 1, "rgb": 3, "all": None}[data.color]
        return cls(data.image_size, data.resize, channels, data.color == "all", data.value_range)

    @classmethod
    def restore(cls, facts: dict[str, Any]) -> Self:
        """Return the form that `spell` gave."""
        pairs = {key: tuple(facts[key]) for key in ("size", "values") if facts.get(key)}
        return cls(**{**facts, **pairs})


class Images(Elements):
    """The pictures of a data set."""

    noun: ClassVar[str] = "picture"
    plural: ClassVar[str] = "pictures"

    def __init__(self, samples: Sequence[Sample], form: ImageForm, *, measured: bool):
        self.payloads = [sample.payload for sample in samples]
        self.measured = measured
        self.form = form
        self.facts: list[dict[str, Any]] = []
        self.keeper: Keeper | None = None
        self.verdicts: Verdicts | None = None
        self.sums: list[np.ndarray] = []
        self.mean: tuple[float, ...] | None = None
        self.variance: tuple[float, ...] | None = None

    @property
    def where(self) -> str:
        """Where the pictures are kept."""
        return self.keeper.where if self.keeper else "decoded anew for each batch"

    @property
    def shape(self) -> tuple[int, ...]:
        """Height, width and channels."""
        assert self.form.size is not None
        return (*self.form.size, self.form.channels or 1)

    @classmethod
    def read(cls, samples: Sequence[Sample], spec: Spec, progress: Progress, *, keep: bool = True) -> Self:
        """Decode every picture once: to check it, to hash it, and to keep it where the spec wants it kept."""
        form = ImageForm.of(spec)
        found = cls(samples, form, measured=keep and spec.model.preprocess.normalize == "standardize")
        found.verdicts = None if keep else Verdicts(form)
        sizes: Counter[tuple[int, int]] = Counter()
        channels: Counter[int] = Counter()
        if keep:
            found.keeper = choose_keeper(spec, found.payloads, form)
        if isinstance(found.keeper, OnDisk) and found._reopen(found.keeper):
            return found
        with progress.count("reading pictures", len(samples)) as seen:
            read = pictures.read_each(found.payloads, form, seen) if keep else found._judged(seen)
            for i, picture in enumerate(read):
                found._add(i, picture, sizes, channels)
        if found.verdicts is not None:
            found.verdicts.save()
        if not sizes:  # nothing can be read, which the caller says
            return found
        if spec.data.image_size is None and len(sizes) > 1:
            raise DataError(_say_sizes(sizes))
        if spec.data.color == "all" and len(channels) > 1:
            said = ", ".join(f"{count} with {number}" for number, count in channels.most_common())
            raise DataError(
                f"the pictures have different numbers of channels ({said}); data.color: rgb makes them alike"
            )
        settled = form.channels or max(channels)
        found.form = replace(form, size=spec.data.image_size or next(iter(sizes)), channels=settled)
        if found.keeper is not None:
            found.keeper.finish(found.facts)
        return found

    def _judged(self, seen: Callable[[], None]) -> Iterator[Picture | PictureError | dict[str, Any]]:
        for start in range(0, len(self.payloads), _CHUNK):
            yield from self._judge(self.payloads[start : start + _CHUNK], seen)

    def _judge(
        self, payloads: Sequence[Any], seen: Callable[[], None]
    ) -> list[Picture | PictureError | dict[str, Any]]:
        """Return for each picture the verdict of an earlier check of the same content, or what it is decoded to."""
        assert self.verdicts is not None
        digests = digests_of(payloads)
        found: list[Any] = [
            self.verdicts.get(digest, ending_of(payload)) if digest else None
            for digest, payload in zip(digests, payloads, strict=True)
        ]
        unknown = [i for i, verdict in enumerate(found) if verdict is None]
        for _ in range(len(payloads) - len(unknown)):
            seen()
        read = pictures.read_all([payloads[i] for i in unknown], self.form, seen)
        for i, picture in zip(unknown, read, strict=True):
            found[i] = picture
            if digests[i]:
                self.verdicts.add(digests[i], ending_of(payloads[i]), _verdict(picture))
        return found

    def _add(
        self,
        i: int,
        picture: Picture | PictureError | dict[str, Any],
        sizes: Counter[Any],
        channels: Counter[int],
    ) -> None:
        if isinstance(picture, dict):
            self.facts.append({key: value for key, value in picture.items() if key != "channels"})
            if "reason" not in picture:
                sizes[picture["height"], picture["width"]] += 1
                channels[picture["channels"]] += 1
            return
        if isinstance(picture, PictureError):
            self.facts.append({"reason": str(picture)})
            if self.measured:
                self.sums.append(np.zeros((2, 1)))
            return
        self.facts.append(_facts(picture))
        sizes[picture.height, picture.width] += 1
        pixels = picture.pixels
        channels[pixels.shape[-1]] += 1
        if self.measured:
            self.sums.append(_sums(pixels))
        if self.keeper is not None and not self.keeper.add(i, len(self.payloads), pixels):
            self.keeper = None

    def _reopen(self, keeper: OnDisk) -> bool:
        """Take the pictures from the file that an earlier training left, if there is one."""
        known = keeper.known()
        if known is None:
            return False
        self.facts = known
        self.form = replace(self.form, size=(keeper.shape[0], keeper.shape[1]), channels=keeper.shape[2])
        if self.measured:
            self.sums = [_sums(keeper.take(np.array([i]))[0]) for i in range(len(known))]
        return True

    def learn(self, train: np.ndarray) -> None:
        """Measure mean and variance of each channel over the training pictures, exactly, where they are asked."""
        if not self.measured:
            return
        channels = self.shape[-1]
        size = self.shape[0] * self.shape[1]
        both = np.zeros((2, channels), dtype=np.uint64)
        for i in train.tolist():
            both += self.sums[i].astype(np.uint64)
        pixels = size * len(train)
        mean = [int(total) / pixels for total in both[0]]
        variance = [int(square) / pixels - m * m for square, m in zip(both[1], mean, strict=True)]
        self.mean, self.variance = tuple(mean), tuple(max(v, 0.0) for v in variance)

    def describe(self, info: DataInfo) -> DataInfo:
        """Return the info with mean and variance."""
        return replace(info, mean=self.mean, variance=self.variance)

    def take(self, indices: np.ndarray) -> np.ndarray:
        """Return uint8 `(n, height, width, channels)`."""
        if self.keeper is not None:
            return self.keeper.take(indices)
        found = pictures.read_all([self.payloads[i] for i in indices], self.form)
        lost = [
            (str(self.payloads[i]), str(picture))
            for i, picture in zip(indices, found, strict=True)
            if isinstance(picture, PictureError)
        ]
        if lost:
            raise DataError("pictures that were there when the run began cannot be read any more", lost)
        return np.stack([picture.pixels for picture in found if isinstance(picture, Picture)])


def _verdict(picture: Picture | PictureError) -> dict[str, Any]:
    if isinstance(picture, PictureError):
        return {"reason": str(picture)}
    return {**_facts(picture), "channels": picture.pixels.shape[-1]}


def _facts(picture: Picture) -> dict[str, Any]:
    return {**picture.facts, **({"thumb": picture.thumb} if picture.thumb else {})}


def _sums(pixels: np.ndarray) -> np.ndarray:
    """Return the sum and the sum of squares of each channel, in whole numbers so that they are exact."""
    height, width, channels = pixels.shape
    # Real numbers of 64 bits hold these sums exactly; rows first, because sums over neighbours are slow.
    rows = pixels.reshape(height, width * channels).astype("float64")
    return np.array([values.sum(0).reshape(width, channels).sum(0) for values in (rows, rows * rows)])


def _say_sizes(sizes: Counter[tuple[int, int]]) -> str:
    common = ", ".join(f"{h} x {w} ({n})" for (h, w), n in sizes.most_common(3))
    return (
        f"the pictures have {len(sizes)} different sizes, such as {common} (height x width, count); "
        "say with data.image_size to which one they are brought, for example image_size: [224, 224]"
    )
