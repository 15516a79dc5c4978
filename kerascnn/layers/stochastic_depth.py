"""Stochastic depth (Huang et al. 2016, arXiv:1603.09382)."""

from __future__ import annotations

from typing import Any

from kerascnn.layers.fields import Rate
from kerascnn.spec import Layer, register


@register("stochastic_depth")
class StochasticDepth(Layer):
    """Set all numbers of an element to zero at random while training; at the end of a residual body it skips the body.

    What stays is divided by 1 - rate, so that the mean is the same in training and after it.

    Shapes: `(n, ...) -> (n, ...)`.
    """

    rate: Rate = 0.1
    """Fraction of the elements of a batch."""

    def apply(self, x: Any) -> Any:
        """Return the elements, some of them zero while training."""
        from keras import layers

        return layers.Dropout(self.rate, noise_shape=(None, *(1,) * (len(x.shape) - 1)))(x)
