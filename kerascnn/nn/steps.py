"""Which steps of a padded series are there, and what is computed over those alone.

A saved model gets series padded with NaN, of which its preprocessing makes zeros. What stands behind the last step that
is not 0 in every channel counts as padding.
"""

from __future__ import annotations

from typing import Any

from keras import ops

_CONSTANT = 1e-6
"""Part of its largest value within which a channel counts as constant: what rounding to 32 bits may leave."""


def steps_there(x: Any) -> Any:
    """Return float32 `(n, steps)`: 1 up to the last step at which a channel is not 0, then 0."""
    some = ops.cast(ops.any(ops.not_equal(x, 0), axis=-1), "int32")
    later = ops.flip(ops.cumsum(ops.flip(some, axis=1), axis=1), axis=1)
    return ops.cast(ops.greater(later, 0), "float32")


def keep(x: Any, there: Any) -> Any:
    """Return the maps with zeros where no step is there."""
    return ops.multiply(x, ops.cast(ops.expand_dims(there, -1), x.dtype))


def last_step(x: Any, there: Any) -> Any:
    """Return the last step that is there: `(n, l, c) -> (n, c)`; zeros where none is."""
    after = ops.pad(there[:, 1:], [[0, 0], [0, 1]])
    return ops.sum(keep(x, ops.subtract(there, after)), axis=1)


def mean_over_steps(x: Any, there: Any) -> Any:
    """Return the mean of each channel over the steps that are there: `(n, l, c) -> (n, c)`; zeros where none is."""
    # Sums over many steps do not fit into 16 bits.
    total = ops.sum(ops.cast(keep(x, there), "float32"), axis=1)
    count = ops.maximum(ops.sum(there, axis=1, keepdims=True), 1.0)
    return ops.cast(ops.divide(total, count), x.dtype)


def standardise(x: Any, there: Any, *, epsilon: float = 0.0) -> Any:
    """Return each channel of each series with mean 0 and variance 1 over the steps that are there, else 0.

    `epsilon` is added to the variance. A channel that does not vary becomes 0.
    """
    apart, scale = _apart(x, there, epsilon)
    return ops.cast(ops.divide(apart, scale), x.dtype)


def spread_of(x: Any, there: Any) -> Any:
    """Return the standard deviation of each channel over the steps that are there, float32 `(n, c)`.

    It is 1 for a channel that does not vary, so that it can be divided by.
    """
    return ops.squeeze(_apart(x, there, 0.0)[1], axis=1)


def _apart(x: Any, there: Any, epsilon: float) -> tuple[Any, Any]:
    """Return what stands apart from the mean, 0 where a channel does not vary, and the standard deviation, else 1."""
    whole = apart = keep(ops.cast(x, "float32"), there)
    count = ops.expand_dims(ops.maximum(ops.sum(there, axis=1, keepdims=True), 1.0), -1)
    for _ in range(2):  # the second time takes away what rounding leaves of a large mean
        mean = ops.divide(ops.sum(apart, axis=1, keepdims=True), count)
        apart = keep(ops.subtract(apart, mean), there)
    variance = ops.divide(ops.sum(ops.square(apart), axis=1, keepdims=True), count)
    least = ops.multiply(_CONSTANT, ops.max(ops.abs(whole), axis=1, keepdims=True))
    varies = ops.greater(variance, ops.square(least))
    scale = ops.sqrt(ops.where(varies, ops.add(variance, epsilon), 1.0))
    return ops.where(varies, apart, 0.0), scale
