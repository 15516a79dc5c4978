"""What sources of series share: from texts to numbers, and what is odd about series."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kerascnn.errors import counted
from kerascnn.spec import Finding, Sample

if TYPE_CHECKING:
    import numpy as np

_MISSING = frozenset({"", "?", "nan"})
"""What stands for a value that is missing, in small letters."""
_LARGEST = 3.4028234e38
"""Larger numbers do not fit into 32 bits."""


class NumberError(Exception):
    """A text is no number; the text is the reason, `index` says which one it is."""

    def __init__(self, index: int, reason: str):
        self.index = index
        super().__init__(reason)


def to_numbers(cells: Sequence[str]) -> np.ndarray:
    """Return texts as float32, NaN for those that stand for a missing value. Raises NumberError."""
    import numpy as np

    try:
        # Python takes 1_000 for a number; no file of data means that.
        plain = not any("_" in cell for cell in cells)
        values = np.array([float(cell) for cell in cells] if plain else [_number(cells, i) for i in range(len(cells))])
    except ValueError:
        values = np.array([_number(cells, i) for i in range(len(cells))])
    large = np.flatnonzero(np.abs(values) > _LARGEST)
    if large.size:
        index = int(large[0])
        raise NumberError(index, f"has '{cells[index].strip()}', which is too large or infinite")
    return values.astype("float32")


def series_findings(samples: Sequence[Sample]) -> list[Finding]:
    """Return what is odd about series: values that are missing, lengths that differ."""
    import numpy as np

    findings = []
    missing = {}
    for sample in samples:
        # A sum is not a number where any value is none, and takes no memory.
        if np.isnan(sample.payload.sum(dtype="float64")):
            missing[sample.id] = int(np.isnan(sample.payload).sum())
    if missing:
        total = sum(missing.values())
        findings.append(
            Finding(
                "missing-values",
                "warning",
                f"{counted(total, 'value is', 'values are')} missing in {len(missing)} of {len(samples)} series",
                tuple(missing),
            )
        )
    lengths = {len(sample.payload) for sample in samples}
    if len(lengths) > 1:
        message = f"the series have {len(lengths)} different lengths, from {min(lengths)} to {max(lengths)}"
        findings.append(Finding("unequal-length", "note", message))
    return findings


def _number(cells: Sequence[str], index: int) -> float:
    text = cells[index].strip()
    if text.lower() in _MISSING:
        return float("nan")
    try:
        if "_" not in text:
            return float(text)
    except ValueError:
        pass
    raise NumberError(index, f"has '{text[:_SHOWN]}', which is no number")


_SHOWN = 60
