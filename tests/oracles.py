"""The textbook's convolutions and poolings in NumPy, for any number of axes: slow, plain, and right.

Elements are `(n, ..., channels)`; sizes, steps and distances are one number for each axis between batch and channels.
"""

from itertools import product

import numpy as np


def margins(size, window, stride=1, dilation=1, padding="valid"):
    """Return how much is put before and after an axis: what TensorFlow's and JAX's padding "SAME" puts there."""
    reach = (window - 1) * dilation + 1
    if padding == "causal":
        return reach - 1, 0
    if padding == "valid":
        return 0, 0
    total = max((-(-size // stride) - 1) * stride + reach - size, 0)
    return total // 2, total - total // 2


def windows(x, size, strides=None, dilation=None, padding="valid", fill=0.0):
    """Yield the place of each output and its window `(n, *size, channels)`."""
    axes = len(size)
    strides, dilation = strides or (1,) * axes, dilation or (1,) * axes
    edges = [margins(*of, padding) for of in zip(x.shape[1:-1], size, strides, dilation, strict=True)]
    x = np.pad(x.astype("float64"), ((0, 0), *edges, (0, 0)), constant_values=fill)
    reach = [(k - 1) * d + 1 for k, d in zip(size, dilation, strict=True)]
    counts = [(n - r) // s + 1 for n, r, s in zip(x.shape[1:-1], reach, strides, strict=True)]
    for place in product(*map(range, counts)):
        starts = [i * s for i, s in zip(place, strides, strict=True)]
        parts = [slice(i, i + r, d) for i, r, d in zip(starts, reach, dilation, strict=True)]
        yield place, x[(slice(None), *parts)]


def _collect(found):
    """Return the values `(n, channels)` of places as one array."""
    found = dict(found)
    first = next(iter(found.values()))
    y = np.zeros((len(first), *(i + 1 for i in max(found)), first.shape[-1]))
    for place, value in found.items():
        y[(slice(None), *place)] = value
    return y


def correlate(x, kernel, strides=None, dilation=None, padding="valid", groups=1):
    """Return the cross-correlation with a kernel `(*size, channels / groups, filters)`, one output at a time."""
    size = kernel.shape[:-2]
    parts = zip(np.split(x, groups, -1), np.split(kernel, groups, -1), strict=True)
    return np.concatenate(
        [
            _collect(
                (place, seen.reshape(len(x), -1) @ weights.reshape(-1, weights.shape[-1]))
                for place, seen in windows(part, size, strides, dilation, padding)
            )
            for part, weights in parts
        ],
        axis=-1,
    )


def convolve(x, kernel, padding="valid"):
    """Return the true convolution of mathematics: the kernel is turned round before it is laid on."""
    return correlate(x, np.flip(kernel, tuple(range(kernel.ndim - 2))), padding=padding)


def correlate_channels(x, kernel, strides=None, dilation=None, padding="valid"):
    """Return each channel correlated with its own kernels `(*size, channels, multiplier)`, side by side."""
    return np.concatenate(
        [
            correlate(x[..., c : c + 1], kernel[..., c : c + 1, :], strides, dilation, padding)
            for c in range(x.shape[-1])
        ],
        axis=-1,
    )


def spread(x, kernel, strides, padding="valid"):
    """Return the transposed convolution: every number of `x` writes the kernel `(*size, filters, channels)`."""
    size = kernel.shape[:-2]
    full = [(n - 1) * s + max(k, s) for n, s, k in zip(x.shape[1:-1], strides, size, strict=True)]
    y = np.zeros((len(x), *full, kernel.shape[-2]))
    for place in product(*map(range, x.shape[1:-1])):
        parts = [slice(i * s, i * s + k) for i, s, k in zip(place, strides, size, strict=True)]
        y[(slice(None), *parts)] += np.einsum("...fc,nc->n...f", kernel, x[(slice(None), *place)].astype("float64"))
    if padding == "same":
        for axis, (n, s, k) in enumerate(zip(x.shape[1:-1], strides, size, strict=True), 1):
            before = max(k - s, 0) // 2
            y = np.take(y, range(before, before + n * s), axis)
    return y


def pool(x, size, strides=None, padding="valid", how=np.max):
    """Return `how` of each window; what padding adds does not count."""
    ignoring = {np.max: np.nanmax, np.mean: np.nanmean}[how]
    axes = tuple(range(1, len(size) + 1))
    found = windows(x, size, strides or size, None, padding, fill=np.nan)
    return _collect((place, ignoring(seen, axis=axes)) for place, seen in found)


def adapt(x, sizes, how=np.max):
    """Return `how` of windows that cover the input: number i of k goes from floor(i n / k) to ceil((i + 1) n / k)."""
    axes = tuple(range(1, len(sizes) + 1))
    y = np.zeros((len(x), *sizes, x.shape[-1]))
    for place in product(*map(range, sizes)):
        edges = zip(place, x.shape[1:-1], sizes, strict=True)
        parts = [slice(i * n // k, -(-(i + 1) * n // k)) for i, n, k in edges]
        y[(slice(None), *place)] = how(x[(slice(None), *parts)], axis=axes)
    return y
