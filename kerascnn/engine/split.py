"""Division into training, validation and test: by class, in groups, and the same on every machine."""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

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


def split_samples(samples: Sequence[Sample], split: Split, seed: int, hashes: Sequence[str] | None = None) -> Division:
    """Divide samples.

    What the source itself says stays. A part that it does not have is taken from its training samples: of each class
    the same fraction, rounded, chosen by a hash of the seed and of the sample's name (or its group's), so that the
    order of the files does not matter. A group stays in one part, whatever the fraction; so do samples of equal content
    (`hashes`), unless a class has too few different ones. A class keeps something to train on.

    Raises DataError where a part that is asked for stays empty, or a name has nothing that `group_by` finds.
    """
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
    for label, members in _by_class(samples, parts, units).items():
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
            what = "groups" if any(groups) else "samples"
            raise DataError(
                f"no class has enough {what} to give {shares[part]:g} of them to the {part} split; "
                f"raise data.split.{part}, set it to 0, or add data"
            )
    return Division(parts, groups, torn)


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
    samples: Sequence[Sample], parts: Sequence[str], units: Sequence[tuple[str, ...]]
) -> Mapping[str, list[int]]:
    """Return the training samples by the class that most of their unit belong to."""
    labels: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    for i, unit in enumerate(units):
        labels[unit][samples[i].label] += 1
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
