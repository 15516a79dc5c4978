"""Division into training, validation and test: by class, and the same on every machine."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence

from kerascnn.errors import DataError
from kerascnn.spec import Sample
from kerascnn.spec.spec import Split


def split_samples(samples: Sequence[Sample], split: Split, seed: int) -> list[str]:
    """Return "train", "validation" or "test" for each sample.

    What the source itself says stays. A part that it does not have is taken from its training samples: of each class
    the same fraction, rounded, chosen by a hash of the seed and the sample's id, so that the order of the files does
    not matter. A class keeps at least one sample to train on. Raises DataError where a part that is asked for stays
    empty.
    """
    given = {sample.split for sample in samples}
    shares = {
        part: share
        for part, share in (("test", split.test), ("validation", split.validation))
        if share > 0 and part not in given
    }
    parts = [sample.split or "train" for sample in samples]
    by_class: dict[str, list[int]] = defaultdict(list)
    for i, sample in enumerate(samples):
        if parts[i] == "train":
            by_class[sample.label].append(i)
    for members in by_class.values():
        members.sort(
            key=lambda i: hashlib.sha256(f"{seed}:{samples[i].id}".encode("utf-8", "surrogateescape")).digest()
        )
        free = len(members) - 1
        start = 0
        for part, share in shares.items():
            count = min(round(len(members) * share), free - start)
            for i in members[start : start + count]:
                parts[i] = part
            start += count
    for part in shares:
        if part not in parts:
            raise DataError(
                f"no class has enough samples to give {shares[part]:g} of them to the {part} split; "
                f"raise data.split.{part}, set it to 0, or add data"
            )
    return parts
