"""Figures of answers that are numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


class NumberScores:
    """Errors of numbers `(n, values)`, and how much of their variation the answers explain.

    `scale` `(n, values)` are the units of MASE, 0 where there are none; without it the figures have R2 instead.
    """

    def __init__(self, truth: np.ndarray, answers: np.ndarray, scale: np.ndarray | None = None):
        import numpy as np

        truth, self.n = np.asarray(truth, "float64"), len(truth)
        errors = np.asarray(answers, "float64") - truth
        self.scale = scale
        # Numbers far from 0 would lose their variation in the squares.
        self.apart = truth - truth.mean(0)
        self.sizes, self.squares = np.abs(errors), errors**2
        # Rounding leaves a variation where all samples agree.
        self.varied = np.ptp(truth, axis=0) > 0

    def figures(self, counts: np.ndarray) -> dict[str, np.ndarray]:
        """Return the figures over all values for weights `(b, n)`: `(b,)` each."""
        import numpy as np

        from kerascnn.evaluation.bootstrap import mean_defined, shares

        weights = counts.astype("float64") / self.n
        found = {
            "mae": weights @ self.sizes.mean(1),
            "rmse": np.sqrt(weights @ self.squares.mean(1)),
        }
        if self.scale is None:
            found["r2"] = mean_defined(self.explained(counts))
        else:
            known = self.scale > 0
            units = np.divide(self.sizes, self.scale, out=np.zeros_like(self.sizes), where=known)
            found["mase"] = shares(weights @ units.sum(1), weights @ known.sum(1).astype("float64"))
        return found

    def explained(self, counts: np.ndarray) -> np.ndarray:
        """Return R2 of each value for weights `(b, n)`: `(b, values)`, NaN where all samples agree."""
        import numpy as np

        from kerascnn.evaluation.bootstrap import shares

        weights = counts.astype("float64") / self.n
        spread = weights @ self.apart**2 - (weights @ self.apart) ** 2
        found = 1 - shares(weights @ self.squares, np.where(spread > 1e-12 * (self.apart**2).mean(0), spread, 0.0))
        return np.where(self.varied, found, np.nan)

    def metrics(self) -> dict[str, float]:
        """Return every figure that can be told."""
        import numpy as np

        from kerascnn.evaluation.bootstrap import plain

        return plain(self.figures(np.ones((1, self.n), dtype=int)))

    def intervals(self, means: Mapping[str, np.ndarray] | None = None) -> dict[str, list[float]]:
        """Return the 95 % interval of each figure, and of further means of what the samples have `(n,)`, by name."""
        from kerascnn.evaluation.bootstrap import intervals

        def figures(counts: np.ndarray) -> dict[str, np.ndarray]:
            return self.figures(counts) | {k: counts @ each / self.n for k, each in (means or {}).items()}

        return intervals(figures, self.n)
