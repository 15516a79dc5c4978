"""Keras's own noise for training, under its names and with its arguments. Outside of training they do nothing."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from kerascnn.layers.fields import Rate
from kerascnn.spec import Layer, register


@register("dropout")
class Dropout(Layer):
    """Set numbers to zero at random while training (Srivastava et al. 2014).

    Shapes: `(n, ...) -> (n, ...)`.
    """

    rate: Rate = 0.5
    """Fraction of the numbers."""

    def apply(self, x: Any) -> Any:
        """Return the numbers, some of them zero while training."""
        from keras import layers

        return layers.Dropout(self.rate)(x)


@register("alpha_dropout")
class AlphaDropout(Layer):
    """Drop numbers while training so that mean and variance stay: for selu (Klambauer et al. 2017, arXiv:1706.02515).

    Shapes: `(n, ...) -> (n, ...)`.
    """

    rate: Rate = 0.1
    """Fraction of the numbers."""

    def apply(self, x: Any) -> Any:
        """Return the numbers, some of them at selu's lowest value while training."""
        from keras import layers

        return layers.AlphaDropout(self.rate)(x)


@register("gaussian_dropout")
class GaussianDropout(Layer):
    """Multiply numbers by normal ones about 1 while training (Srivastava et al. 2014, section 10).

    Shapes: `(n, ...) -> (n, ...)`.
    """

    rate: Rate = 0.5
    """The variance is rate / (1 - rate), that of a dropout of this rate."""

    def apply(self, x: Any) -> Any:
        """Return the numbers, multiplied at random while training."""
        from keras import layers

        return layers.GaussianDropout(self.rate)(x)


@register("gaussian_noise")
class GaussianNoise(Layer):
    """Add normal numbers about 0 while training.

    Shapes: `(n, ...) -> (n, ...)`.
    """

    stddev: float = Field(0.1, ge=0, le=1000)
    """Standard deviation of the noise, in the units of its input."""

    def apply(self, x: Any) -> Any:
        """Return the numbers, with noise while training."""
        from keras import layers

        return layers.GaussianNoise(self.stddev)(x)


@register("spatial_dropout2d")
class SpatialDropout2D(Layer):
    """Set whole channels to zero at random while training (Tompson et al. 2015, arXiv:1411.4280).

    Shapes: `(n, h, w, c) -> (n, h, w, c)`.
    """

    rate: Rate = 0.5
    """Fraction of the channels."""

    def apply(self, x: Any) -> Any:
        """Return the channels, some of them zero while training."""
        from keras import layers

        return layers.SpatialDropout2D(self.rate, data_format="channels_last")(x)


@register("spatial_dropout3d")
class SpatialDropout3D(Layer):
    """Set whole channels of volumes to zero at random while training (Tompson et al. 2015, arXiv:1411.4280).

    Shapes: `(n, d, h, w, c) -> (n, d, h, w, c)`.
    """

    rate: Rate = 0.5
    """Fraction of the channels."""

    def apply(self, x: Any) -> Any:
        """Return the channels, some of them zero while training."""
        from keras import layers

        return layers.SpatialDropout3D(self.rate, data_format="channels_last")(x)
