"""One split of a run's data, read again from its source and compared with what the run was made with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from kerascnn.engine.answers import Answers
from kerascnn.engine.fixes import fixed
from kerascnn.engine.media.base import Form, Raw, name_of
from kerascnn.errors import DataError, UsageError
from kerascnn.spec import Sample, Spec
from kerascnn.spec.data import SPLITS

_CHUNK = 256


class HeldSplit:
    """The samples of a split that a run's manifest names.

    Raises UsageError for a split that the run does not have, DataError where the classes or the names are others.
    """

    def __init__(self, spec: Spec, manifest: Sequence[dict[str, Any]], form: Form, split: str):
        self.form, self.split, self.kind = form, split, spec.data.source.target
        self.wanted = {line["id"]: line for line in manifest if line["split"] == split}
        if not self.wanted:
            present = [name for name in SPLITS if any(line["split"] == name for line in manifest)]
            raise UsageError(f"this run has no {split} split; it has {', '.join(present)}")
        scan = fixed(spec, spec.data.source.scan())
        if self.kind == "class":
            _check_labels(scan.labels, {line["label"] for line in manifest})
        self.samples = [sample for sample in scan.samples if sample.id in self.wanted]
        found = {sample.id for sample in self.samples}
        self.wrong = [(name, "is not in the source any more") for name in self.wanted if name not in found]
        facts = [self.wanted[sample.id] for sample in self.samples]
        self.answers = Answers(self.samples, scan, self.kind, facts, form)

    def __len__(self) -> int:
        return len(self.samples)

    def batches(self) -> Iterator[tuple[np.ndarray, Any]]:
        """Yield the elements and their answers, some hundreds at a time.

        Raises DataError at the end, with every sample that is gone, changed, or cannot be read.
        """
        for start in range(0, len(self.samples), _CHUNK):
            part = self.samples[start : start + _CHUNK]
            kept, arrays = [], []
            for i, (sample, raw) in enumerate(zip(part, self.form.read([s.payload for s in part]), strict=True), start):
                reason = self._reason(i, sample, raw)
                if reason:
                    self.wrong.append((name_of(sample), reason))
                elif isinstance(raw, Raw):
                    kept.append(i)
                    arrays.append(raw.array)
            if kept and not self.wrong:
                yield np.stack(arrays), self.answers.of(np.array(kept))
        if self.wrong:
            raise DataError(f"the {self.split} split is not what the run was made with", self.wrong)

    def whole(self) -> tuple[np.ndarray, np.ndarray]:
        """Return all elements and answers at once."""
        parts = list(self.batches())
        return np.concatenate([x for x, _ in parts]), np.concatenate([y for _, y in parts])

    def _reason(self, i: int, sample: Sample, raw: Raw | Exception) -> str:
        """Return how a sample differs from what it was, or an empty text."""
        line = self.wanted[sample.id]
        if isinstance(raw, Exception):
            return str(raw)
        if raw.sha256 != line["sha256"]:
            return "has other content than when the run was trained"
        now = self.answers.spell(i, sample)
        if any(line.get(key) != value for key, value in now.items()):
            what = f"labelled {sample.label}" if self.kind == "class" else "to be answered otherwise"
            return f"is {what} now than when the run was trained"
        return ""


def _check_labels(now: Sequence[str], then: set[str]) -> None:
    """Raise DataError where the classes are others than those of the run: their numbers would mean other classes."""
    new = [(label, "is a class that the run does not know") for label in now if label not in then]
    gone = [(label, "is not a class any more") for label in sorted(then.difference(now))]
    if new or gone:
        raise DataError("the source has other classes than when the run was trained", [*new, *gone])
