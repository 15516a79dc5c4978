"""What it costs to answer only where the model is sure.

Coverage against error is that of Geifman, El-Yaniv 2017 (arXiv:1705.08500).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

_POINTS = 101
FEWEST = 20
"""How many answers have to be left for their error to say something."""


@dataclass(frozen=True)
class Risk:
    """The error of the answers that are at least so sure, for every threshold that makes a difference."""

    thresholds: np.ndarray
    """The lowest confidence that is answered, falling."""
    coverage: np.ndarray
    """The share of samples that is answered then, rising to 1."""
    error: np.ndarray
    """The share of those that is wrong."""
    samples: int

    def at(self, threshold: float) -> tuple[float, float | None]:
        """Return coverage and error of answers at least so sure; no error where nothing is answered."""
        import numpy as np

        place = int(np.searchsorted(-self.thresholds, -threshold, side="right")) - 1
        return (0.0, None) if place < 0 else (float(self.coverage[place]), float(self.error[place]))

    def curve(self) -> list[dict[str, float]]:
        """Return some hundred points of the curve at most, evenly over the coverage, the last one always."""
        import numpy as np

        wanted = np.linspace(0, 1, _POINTS)[1:]
        places = np.unique(np.minimum(np.searchsorted(self.coverage, wanted - 1e-9), len(self.coverage) - 1))
        return [
            {
                "threshold": float(self.thresholds[i]),
                "coverage": float(self.coverage[i]),
                "error": float(self.error[i]),
            }
            for i in places
        ]


def risk(confidence: np.ndarray, right: np.ndarray) -> Risk:
    """Return the risk at every threshold; samples that are equally sure are answered together or not at all."""
    import numpy as np

    order = np.argsort(-np.asarray(confidence), kind="stable")
    sure, wrong = np.asarray(confidence, "float64")[order], np.cumsum(~np.asarray(right, dtype=bool)[order])
    ends = np.flatnonzero(np.r_[np.diff(sure) != 0, True])
    return Risk(sure[ends], (ends + 1) / len(sure), wrong[ends] / (ends + 1), len(sure))


def recommended(found: Risk, most: float | None = None) -> dict[str, Any] | None:
    """Return the smallest threshold at which at most this share of what is answered is wrong.

    `most` is half of the error of all samples where nothing is said. At least 20 samples are answered; None where no
    threshold does it. The threshold lies between the confidence of the least sure sample that is answered and the next.
    """
    import numpy as np

    most = float(found.error[-1]) / 2 if most is None else most
    good = np.flatnonzero((found.error <= most) & (np.round(found.coverage * found.samples) >= FEWEST))
    if not len(good):
        return None
    place = int(good[-1])
    below = float(found.thresholds[place + 1]) if place + 1 < len(found.thresholds) else 0.0
    return {
        "threshold": (float(found.thresholds[place]) + below) / 2,
        "wished_error": most,
        "coverage": float(found.coverage[place]),
        "error": float(found.error[place]),
    }
