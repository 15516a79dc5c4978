"""What can be said of pictures that a network made: how far they are from real ones, and beside what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

COMPONENTS = 32
"""Principal components in which pictures are compared."""
_WIDE = 1.96
_LEAST = 4
"""Pictures with which there is a distance at all: two in each half."""


def reconstruction(pictures: np.ndarray, answers: np.ndarray) -> dict[str, Any]:
    """Return the figures of reconstructions (0 to 1) of pictures (0 to 255), beside always drawing their mean."""
    import numpy as np

    wanted = np.asarray(pictures, "float64") / 255
    each = _mean_of_each((wanted - answers) ** 2)
    floor = _mean_of_each((wanted - wanted.mean(0)) ** 2)
    error = _WIDE * float(each.std(ddof=1)) / len(each) ** 0.5 if len(each) > 1 else 0.0
    value = float(each.mean())
    return {
        "metrics": {"squared_error": value},
        "intervals": {"squared_error": [max(0.0, value - error), value + error]},
        "floor": {"squared_error": float(floor.mean())},
        "floor_is": "always drawing the mean of these very pictures",
        "notes": ["The squared error is that of one number of a picture, from 0 to 1."],
    }


def taken_for_real(logits: np.ndarray) -> dict[str, Any]:
    """Return the share of real pictures that a critic takes for real, and its loss on them."""
    import numpy as np

    logits = np.asarray(logits, "float64").ravel()
    low, high = _wilson(int((logits > 0).sum()), len(logits))
    return {
        "metrics": {
            "taken_for_real": float((logits > 0).mean()),
            "taken_for_real_low": low,
            "taken_for_real_high": high,
            "loss": float(np.logaddexp(0, -logits).mean()),
        },
        "notes": [
            "These figures are of real pictures alone, which a critic that calls everything real gets right, too; how "
            "it does beside generated ones, and how good those are, the report's page says."
        ],
    }


def accuracy(real: np.ndarray, made: np.ndarray) -> dict[str, float]:
    """Return how often a critic is right on real pictures and on as many generated ones, with Wilson's interval, 95 %.

    "order" is how often the real one of two has the larger logit.

    >>> accuracy([1, 2], [-1, 3])["accuracy"]
    0.75
    """
    import numpy as np

    real, made = np.ravel(real), np.ravel(made)
    right = int((real > 0).sum() + (made <= 0).sum())
    low, high = _wilson(right, len(real) + len(made))
    return {
        "real": float((real > 0).mean()),
        "made": float((made <= 0).mean()),
        "accuracy": right / (len(real) + len(made)),
        "low": low,
        "high": high,
        "order": float((np.sign(real[:, None] - made).mean() + 1) / 2),
    }


def frechet(a: np.ndarray, b: np.ndarray) -> float:
    """Return the Frechet distance (squared) of the normal distributions with mean and covariance of two sets of rows.

    >>> import numpy as np
    >>> a = np.array([[-1.0], [1.0]])
    >>> round(frechet(a, 2 * a + 3), 6)  # means 0 and 3, deviations 1 and 2
    10.0
    """
    import numpy as np

    means = [x.mean(0) for x in (a, b)]
    spreads = [(x - mean).T @ (x - mean) / len(x) for x, mean in zip((a, b), means, strict=True)]
    root = _root(spreads[0])
    both = np.linalg.eigvalsh(root @ spreads[1] @ root).clip(0)
    parts = np.trace(spreads[0]) + np.trace(spreads[1]) - 2 * np.sqrt(both).sum()
    return float(((means[0] - means[1]) ** 2).sum() + max(parts, 0.0))


def distances(training: np.ndarray, held: np.ndarray, made: np.ndarray) -> dict[str, float] | None:
    """Return how far pictures are from halves of held ones, 0 to 255, in the main directions of training pictures.

    "made": generated ones; "noise": normal noise with the mean and variance of each number; "halves": one half of the
    held ones from the other. All are as many, for the distance falls with the number. "components" and "explained": how
    many directions, and their share of the variance. None where there are too few pictures.
    """
    import numpy as np

    if len(held) < _LEAST or len(training) < _LEAST or len(made) < len(held):
        return None
    training, held, made = (np.asarray(x, "float64").reshape(len(x), -1) / 255 for x in (training, held, made))
    mean = training.mean(0)
    _, sizes, axes = np.linalg.svd(training - mean, full_matrices=False)
    axes = axes[: min(COMPONENTS, len(axes))]
    place = lambda x: (x - mean) @ axes.T  # noqa: E731
    rng = np.random.default_rng(0)
    noise = (held.mean(0) + held.std(0) * rng.standard_normal(held.shape)).clip(0, 1)
    mixed = place(held)[rng.permutation(len(held))]
    half = len(mixed) // 2
    one, other = mixed[:half], mixed[half : 2 * half]

    def beside(others: np.ndarray) -> float:
        found = place(others)
        return (frechet(one, found[:half]) + frechet(other, found[half : 2 * half])) / 2

    return {
        "made": beside(made[: len(held)]),
        "noise": beside(noise),
        "halves": frechet(one, other),
        "components": float(len(axes)),
        "explained": float((sizes[: len(axes)] ** 2).sum() / max((sizes**2).sum(), 1e-12)),
    }


def _root(matrix: np.ndarray) -> np.ndarray:
    """Return the square root of a symmetric matrix without negative eigenvalues."""
    import numpy as np

    values, vectors = np.linalg.eigh(matrix)
    found: np.ndarray = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    return found


def _mean_of_each(values: np.ndarray) -> np.ndarray:
    found: np.ndarray = values.reshape(len(values), -1).mean(1)
    return found


def _wilson(right: int, count: int) -> tuple[float, float]:
    from scipy.stats import binomtest

    found = binomtest(right, count).proportion_ci(confidence_level=0.95, method="wilson")
    return float(found.low), float(found.high)
