"""Whether probabilities mean what they say, and the temperature that makes them (Guo et al. 2017, arXiv:1706.04599)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np

SMALLEST = 1e-12
"""What stands for a probability of 0, in the saved model and here alike: its logarithm would be infinite."""
BINS = 15
COLDEST, HOTTEST = 0.05, 20.0
"""Temperatures between which the best one is looked for."""

Kind = Literal["softmax", "sigmoid"]
"""Whether the probabilities of a sample sum to 1, or each class has its own."""


def tempered(probabilities: np.ndarray, temperature: float, kind: Kind) -> np.ndarray:
    """Return the probabilities at a temperature: softmax(log p / T), or sigmoid(logit(p) / T) for each class."""
    import numpy as np
    from scipy.special import expit, softmax

    p = np.asarray(probabilities, dtype="float64")
    if kind == "softmax":
        return np.asarray(softmax(np.log(np.maximum(p, SMALLEST)) / temperature, axis=1), dtype="float32")
    odds = np.log(np.maximum(p, SMALLEST)) - np.log(np.maximum(1 - p, SMALLEST))
    return np.asarray(expit(odds / temperature), dtype="float32")


def fit_temperature(truth: np.ndarray, probabilities: np.ndarray, kind: Kind) -> float:
    """Return the temperature with the lowest cross-entropy: above 1 the answers were too sure, below 1 too unsure.

    It lies between 0.05 and 20. `truth` are class numbers `(n,)`, or 0 or 1 for each class.
    """
    import numpy as np
    from scipy.optimize import minimize_scalar
    from scipy.special import log_expit, log_softmax

    p = np.asarray(probabilities, dtype="float64")
    scores = np.log(np.maximum(p, SMALLEST))
    if kind == "sigmoid":
        scores -= np.log(np.maximum(1 - p, SMALLEST))
        signs = np.where(np.asarray(truth, dtype=bool), 1.0, -1.0)

    def loss(logarithm: float) -> float:
        apart = scores / np.exp(logarithm)
        if kind == "sigmoid":
            return -float(log_expit(signs * apart).mean())
        return -float(log_softmax(apart, axis=1)[np.arange(len(p)), np.asarray(truth, dtype=int)].mean())

    found = minimize_scalar(loss, bounds=(np.log(COLDEST), np.log(HOTTEST)), method="bounded", options={"xatol": 1e-6})
    return float(np.exp(found.x))


def calibration(truth: np.ndarray, probabilities: np.ndarray, kind: Kind) -> dict[str, Any]:
    """Return the reliability curve and what it comes to.

    "bins" are 15 ranges of confidence of the same width, those with samples: from low to high, how many answers lie in
    it, how sure they are on average, and how many of them are right. "ece" is the mean gap between both, weighted by
    the samples (Naeini et al. 2015), "mce" the largest; "brier" the squared distance from the truth (Brier 1950: the
    sum over the classes, 0 to 2; for each class by itself their mean); "nll" the cross-entropy. Of one class of several
    it is about the class that is said; else about every class of every sample.
    """
    import numpy as np

    p = np.asarray(probabilities, dtype="float64")
    if kind == "softmax":
        truth = np.asarray(truth, dtype=int)
        sure, right = p.max(1), p.argmax(1) == truth
        wanted = np.eye(p.shape[1])[truth]
        brier = float(((p - wanted) ** 2).sum(1).mean())
        each = p[np.arange(len(p)), truth]
    else:
        wanted = np.asarray(truth, dtype="float64")
        sure, right = p.ravel(), wanted.ravel() == 1
        brier = float(((p - wanted) ** 2).mean())
        each = np.where(wanted == 1, p, 1 - p)
    bins = reliability(sure, right)
    gaps = np.array([abs(row["confidence"] - row["right"]) for row in bins])
    sizes = np.array([row["samples"] for row in bins])
    return {
        "ece": float((gaps * sizes).sum() / sizes.sum()),
        "mce": float(gaps.max()),
        "brier": brier,
        "nll": float(-np.log(np.maximum(each, SMALLEST)).mean()),
        "bins": bins,
    }


def reliability(confidence: np.ndarray, right: np.ndarray, bins: int = BINS) -> list[dict[str, Any]]:
    """Return a row for each range of confidence that has samples; a range holds its upper end."""
    import numpy as np

    places = np.clip(np.ceil(np.asarray(confidence, "float64") * bins).astype(int) - 1, 0, bins - 1)
    return [
        {
            "low": place / bins,
            "high": (place + 1) / bins,
            "samples": int(inside.sum()),
            "confidence": float(np.asarray(confidence, "float64")[inside].mean()),
            "right": float(right[inside].mean()),
        }
        for place in range(bins)
        if (inside := places == place).any()
    ]
