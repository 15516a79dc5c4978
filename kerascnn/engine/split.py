"""Division into training, validation and test: by class, group, time or fold, and the same on every machine."""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from kerascnn.engine.times import times_of
from kerascnn.errors import DataError, counted
from kerascnn.spec import Sample
from kerascnn.spec.spec import Split


@dataclass(frozen=True)
class Division:
    """Which split each sample belongs to."""

    parts: list[str]
    """"train", "validation" or "test" for each sample."""
    groups: list[str | None]
    """What each sample belongs to together with others."""
    torn: list[str]
    """Classes with too few different pictures to keep equal ones together."""
    folds: list[int | None]
    """The fold of each sample, where there are folds."""


def split_samples(
    samples: Sequence[Sample],
    split: Split,
    seed: int,
    hashes: Sequence[str] | None = None,
    folds: Mapping[str, int] | None = None,
    *,
    whole_classes: bool = False,
) -> Division:
    """Divide samples.

    What the source itself says stays. A part that it does not have is taken from its training samples: of each class
    the same fraction, rounded, chosen by a hash of the seed and of the sample's name (or its group's), so that the
    order of the files does not matter. A group stays in one part, whatever the fraction; so do samples of equal content
    (`hashes`), unless a class has too few different ones. A class keeps something to train on. A sample of several
    classes counts for its rarest one; samples without a class are divided as one.

    `folds` says the fold of each sample by its id; without it, `data.split.folds` are made here. With `whole_classes`
    a class that is one group may leave training as a whole: such classes are divided as the samples of one class are.

    Raises DataError where a part that is asked for stays empty, or a name has nothing that `group_by` finds.
    """
    if split.folds is not None:
        return _by_fold(samples, split, seed, hashes, folds or {}, whole_classes=whole_classes)
    if split.order == "time":
        return _by_time(samples, split)
    given = {sample.split for sample in samples}
    shares = {
        part: share
        for part, share in (("test", split.test), ("validation", split.validation))
        if share > 0 and part not in given
    }
    groups = _groups(samples, split)
    units = _joined(samples, groups, hashes)
    parts = [sample.split or "train" for sample in samples]
    torn = []
    classes = _pooled(strata(samples), groups) if whole_classes else strata(samples)
    for label, members in _by_class(classes, parts, units).items():
        found = _divide(samples, members, units, shares, seed)
        if hashes is not None and not any(groups) and not _is_filled(found, len(members), shares):
            # Equal pictures alone are no reason to hold nothing back of a class: they are divided, and that is said.
            alone = [(sample.id,) for sample in samples]
            refound = _divide(samples, members, alone, shares, seed)
            if _is_filled(refound, len(members), shares):
                found = refound
                torn.append(label)
        for i, part in found.items():
            parts[i] = part
    for part in shares:
        if part not in parts:
            raise _empty(part, shares[part], "groups" if any(groups) else "samples", "no class has")
    return Division(parts, groups, torn, [None] * len(samples))


def _empty(part: str, share: float, what: str, who: str = "there are not") -> DataError:
    return DataError(
        f"{who} enough {what} to give {share:g} of them to the {part} split; raise data.split.{part}, set it to 0, or "
        "add data"
    )


def strata(samples: Sequence[Sample]) -> list[str]:
    """Return for each sample the class of which every split gets its share: the rarest, where there are several."""
    named = [_classes(sample) for sample in samples]
    counts = Counter(label for labels in named for label in labels)
    return [min(labels, key=lambda label: (counts[label], label), default="") for labels in named]


def _pooled(classes: Sequence[str], groups: Sequence[str | None]) -> list[str]:
    """Return the classes, one name for all those whose samples are one group."""
    of_class: dict[str, set[str | None]] = defaultdict(set)
    for label, group in zip(classes, groups, strict=True):
        of_class[label].add(group)
    return ["" if len(of_class[label]) == 1 and None not in of_class[label] else label for label in classes]


def _classes(sample: Sample) -> list[str]:
    if not isinstance(sample.target, tuple):
        return [sample.label]
    # Boxes of one class many times are one reason to put a picture somewhere.
    names = {getattr(item, "label", item) for item in sample.target}
    return sorted(name for name in names if isinstance(name, str))


def _by_fold(
    samples: Sequence[Sample],
    split: Split,
    seed: int,
    hashes: Sequence[str] | None,
    given: Mapping[str, int],
    *,
    whole_classes: bool,
) -> Division:
    """Put one fold into the test split, and a fraction of the others into the validation split."""
    assert split.folds is not None
    own = sorted({sample.split for sample in samples} - {None, "train"}, key=str)
    if own:
        raise DataError(
            f"data.split.folds divides all samples, but the source has a {own[0]} split of its own; "
            "leave out one of them"
        )
    groups = _groups(samples, split)
    units = _joined(samples, groups, hashes)
    classes = _pooled(strata(samples), groups) if whole_classes else strata(samples)
    folds = [given[sample.id] for sample in samples] if given else _fold_numbers(classes, units, split.folds, seed)
    empty = [number for number in range(split.folds) if number not in folds]
    if empty or max(folds) >= split.folds:
        what = f"fold {empty[0]} has no sample" if empty else f"there is a fold {max(folds)}"
        raise DataError(f"data.split.folds is {split.folds}, but {what}; folds are counted from 0")
    held = split.fold or 0
    parts = ["test" if fold == held else "train" for fold in folds]
    shares = {"validation": split.validation} if split.validation else {}
    for members in _by_class(classes, parts, units).values():
        for i, part in _divide(samples, members, units, shares, seed).items():
            parts[i] = part
    if shares and "validation" not in parts:
        raise _empty("validation", split.validation, "groups" if any(groups) else "samples", "no class has")
    return Division(parts, groups, [], list(folds))


def _fold_numbers(classes: Sequence[str], units: Sequence[tuple[str, ...]], count: int, seed: int) -> list[int]:
    """Return folds that hold about as many samples of each class: each unit goes where its class is rarest so far."""
    members: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for i, unit in enumerate(units):
        members[unit].append(i)
    filled = [Counter[str]() for _ in range(count)]
    folds = [0] * len(units)
    # Large units first: what is small fills the gaps that they leave.
    for unit in sorted(members, key=lambda unit: (-len(members[unit]), _hash(seed, unit))):
        own = Counter(classes[i] for i in members[unit])
        main = min(own, key=lambda label: (-own[label], label))
        best = min(range(count), key=lambda fold: (filled[fold][main], filled[fold].total(), fold))
        filled[best] += own
        for i in members[unit]:
            folds[i] = best
    return folds


def _by_time(samples: Sequence[Sample], split: Split) -> Division:
    """Hold back the latest samples. A group stays together, at the time of its latest sample."""
    groups = _groups(samples, split)
    units = _joined(samples, groups, None)
    times = times_of(samples, split)
    parts = [sample.split or "train" for sample in samples]
    free = [i for i, part in enumerate(parts) if part == "train"]
    latest: dict[tuple[str, ...], float] = {}
    members: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for i in free:
        latest[units[i]] = max(times[i], latest.get(units[i], -math.inf))
        members[units[i]].append(i)
    order = sorted(members, key=lambda unit: (latest[unit], unit))
    given = {sample.split for sample in samples}
    for part, share in (("test", split.test), ("validation", split.validation)):
        wanted = round(len(free) * share)
        taken = 0
        while part not in given and taken < wanted and len(order) > 1:
            unit = order.pop()
            taken += len(members[unit])
            for i in members[unit]:
                parts[i] = part
        if share and part not in parts:
            raise _empty(part, share, "groups" if any(groups) else "samples")
    return Division(parts, groups, [], [None] * len(samples))


def _groups(samples: Sequence[Sample], split: Split) -> list[str | None]:
    if split.group_by is None:
        return [sample.group for sample in samples]
    pattern = re.compile(split.group_by)
    matches = [pattern.search(sample.id) for sample in samples]
    lost = [sample.id for sample, match in zip(samples, matches, strict=True) if match is None]
    if lost:
        raise DataError(
            f"data.split.group_by '{split.group_by}' finds nothing in {counted(len(lost), 'name', 'names')}",
            [(name, "belongs to no group") for name in lost],
        )
    return [match.group(1 if pattern.groups else 0) for match in matches if match is not None]


def _joined(
    samples: Sequence[Sample], groups: Sequence[str | None], hashes: Sequence[str] | None
) -> list[tuple[str, ...]]:
    """Return for each sample the names of all that it may not be parted from, itself among them, in a fixed order."""
    parent = list(range(len(samples)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    first: dict[Hashable, int] = {}
    for i, group in enumerate(groups):
        keys: list[Hashable] = [("group", group)] if group is not None else []
        # Equal content under another label is no reason to keep two classes together: it is a mistake in the labels.
        keys += [("content", hashes[i], samples[i].label)] if hashes is not None else []
        for key in keys:
            parent[root(i)] = root(first.setdefault(key, i))
    members: dict[int, set[str]] = defaultdict(set)
    for i, (sample, group) in enumerate(zip(samples, groups, strict=True)):
        members[root(i)].add(sample.id if group is None else group)
    names = {top: tuple(sorted(some)) for top, some in members.items()}
    return [names[root(i)] for i in range(len(samples))]


def _by_class(
    classes: Sequence[str], parts: Sequence[str], units: Sequence[tuple[str, ...]]
) -> Mapping[str, list[int]]:
    """Return the training samples by the class that most of their unit belong to."""
    labels: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    for i, unit in enumerate(units):
        labels[unit][classes[i]] += 1
    main = {unit: min(counts, key=lambda label: (-counts[label], label)) for unit, counts in labels.items()}
    by_class: dict[str, list[int]] = defaultdict(list)
    for i, part in enumerate(parts):
        if part == "train":
            by_class[main[units[i]]].append(i)
    return by_class


def _divide(
    samples: Sequence[Sample],
    members: Sequence[int],
    units: Sequence[tuple[str, ...]],
    shares: Mapping[str, float],
    seed: int,
) -> dict[int, str]:
    """Return the part of each sample of a class that leaves training."""
    by_unit: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for i in members:
        by_unit[units[i]].append(i)
    order = sorted(by_unit, key=lambda unit: _hash(seed, unit))
    found: dict[int, str] = {}
    left = len(order)
    for part, share in shares.items():
        wanted = min(round(len(members) * share), len(members) - 1 - len(found))
        taken = 0
        for unit in list(order):
            size = len(by_unit[unit])
            # A unit that overshoots is taken where that comes nearer than leaving it.
            if left <= 1 or taken >= wanted or taken + size - wanted > wanted - taken:
                continue
            found |= dict.fromkeys(by_unit[unit], part)
            order.remove(unit)
            taken += size
            left -= 1
    return found


def _is_filled(found: Mapping[int, str], size: int, shares: Mapping[str, float]) -> bool:
    return all(part in found.values() for part, share in shares.items() if round(size * share) >= 1)


def _hash(seed: int, names: Iterable[str]) -> bytes:
    text = f"{seed}:{'|'.join(names)}"
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()
