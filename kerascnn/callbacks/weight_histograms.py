"""How the weights of a network are spread while it trains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from kerascnn.runs.atomic import append_json_line, read_json_lines, write_json_lines
from kerascnn.spec import Callback, Follower, Training, Weights, register

if TYPE_CHECKING:
    import numpy as np


@register("weight_histograms")
class WeightHistograms(Callback):
    """Write `histograms.jsonl` into the run folder: a line for an epoch, with a histogram of each weight.

    `{"epoch": 1, "weights": {"conv2d/kernel": {"low": -0.2, "high": 0.3, "mean": 0.01, "sd": 0.1, "counts": [...]}}}`;
    the bins divide the range from low to high into equal parts.
    """

    every: int = Field(1, ge=1, le=100_000)
    """Epochs from one line to the next; the first epoch has one."""
    bins: int = Field(32, ge=2, le=1024)
    """Bins of a histogram."""

    def follow(self, training: Training) -> Follower:
        """Return a follower that writes the histograms."""
        return _Histograms(training.folder / "histograms.jsonl", self.every, self.bins)


class _Histograms(Follower):
    def __init__(self, file: Path, every: int, bins: int):
        self.file, self.every, self.bins = file, every, bins

    def begin(self, lines: Sequence[Mapping[str, Any]]) -> None:
        """Keep the lines of the epochs so far: what came after them will come again."""
        kept = [line for line in read_json_lines(self.file) if line["epoch"] <= len(lines)]
        write_json_lines(self.file, kept)

    def end_epoch(self, line: Mapping[str, Any], weights: Weights) -> None:
        """Add a line, where one is due."""
        if (line["epoch"] - 1) % self.every:
            return
        found = {name: histogram(values, self.bins) for name, values in weights().items()}
        append_json_line(self.file, {"epoch": line["epoch"], "weights": found})


def histogram(values: np.ndarray, bins: int) -> dict[str, Any]:
    """Return how finite numbers are spread: lowest, highest, mean, standard deviation, and how many each bin has."""
    import numpy as np

    flat = np.asarray(values, "float64").ravel()
    flat = flat[np.isfinite(flat)]
    if not flat.size:
        return {"low": 0.0, "high": 0.0, "mean": 0.0, "sd": 0.0, "counts": [0] * bins}
    low, high = float(flat.min()), float(flat.max())
    # Where all are equal, or nearer than bins can tell apart, they stand in the first bin.
    spread = high - low > 1e-12 * max(abs(low), abs(high))
    counts = np.histogram(flat, bins, (low, high))[0].tolist() if spread else [flat.size, *[0] * (bins - 1)]
    return {"low": low, "high": high, "mean": float(flat.mean()), "sd": float(flat.std()), "counts": counts}
