"""What augmentations of series share: how long a series is, how much it spreads, and its values between two steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


def lengths(series: np.ndarray) -> np.ndarray:
    """Return the steps of each series up to its last value, as whole numbers `(n,)`; behind them is padding."""
    import numpy as np

    there = ~np.isnan(series).all(axis=-1)
    return np.where(there.any(axis=1), series.shape[1] - there[:, ::-1].argmax(axis=1), 0)


def deviations(series: np.ndarray) -> np.ndarray:
    """Return the standard deviation of each channel of each series over what is there, float32 `(n, 1, channels)`."""
    import numpy as np

    there = ~np.isnan(series)
    count = np.maximum(there.sum(axis=1, keepdims=True), 1)
    values = np.where(there, series, 0).astype("float64")
    mean = values.sum(axis=1, keepdims=True) / count
    squares = np.where(there, values - mean, 0) ** 2
    return np.sqrt(squares.sum(axis=1, keepdims=True) / count).astype("float32")


def at_places(series: np.ndarray, places: np.ndarray, length: np.ndarray) -> np.ndarray:
    """Return series that show at each step what the input has at a place between two steps, linearly.

    `places` are steps of the input `(n, steps)`, from 0 to length - 1 of each series; padding stays as it is. What is
    missing at the nearer of two steps is missing in between, too; where it is the farther one, the nearer one stands.
    """
    import numpy as np

    rows = np.arange(len(series))[:, None]
    last = np.maximum(length - 1, 0)[:, None]
    places = np.clip(places, 0, last)
    below = np.floor(places).astype(int)
    above = np.minimum(below + 1, last)
    share = (places - below)[..., None].astype("float32")
    low, high = series[rows, below], series[rows, above]
    nearer = np.where(share < 0.5, low, high)
    between = low + share * (high - low)
    # A whole place needs no neighbour, and one that is missing does not count.
    found = np.where(np.isnan(between) | (share == 0), nearer, between)
    outside = np.arange(series.shape[1]) >= length[:, None]
    found[outside] = np.nan
    return found
