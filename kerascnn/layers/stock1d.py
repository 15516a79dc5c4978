"""Keras's own layers for sequences, under their names and with their arguments: `(n, length, channels)`."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from kerascnn.layers.stock import ActivationName, Padding
from kerascnn.spec import Layer, register


@register("conv1d")
class Conv1D(Layer):
    """Convolve sequences (a cross-correlation, as everywhere in deep learning).

    Shapes: `(n, l, c) -> (n, l', filters)`; with padding same and causal, l' is l / strides rounded up.
    """

    filters: int = Field(gt=0, le=65_536)
    """Number of output channels."""
    kernel_size: int = Field(3, ge=1, le=65_536)
    """Length of the kernel, in steps."""
    strides: int = Field(1, ge=1, le=65_536)
    """Step of the kernel, in steps of the sequence."""
    padding: Literal["same", "valid", "causal"] = "same"
    """same pads with zeros so that stride 1 keeps the length; valid does not pad; causal pads in front alone, so that
    no output sees what comes later."""
    dilation_rate: int = Field(1, ge=1, le=65_536)
    """Distance between the kernel's taps, in steps."""
    groups: int = Field(1, ge=1)
    """Number of groups of channels that are convolved apart; it divides the input channels and `filters`."""
    activation: ActivationName = "linear"
    """Function applied to the result."""
    use_bias: bool = True
    """Add a learned number to each output channel."""

    def apply(self, x: Any) -> Any:
        """Return the convolved sequences."""
        from keras import layers

        return layers.Conv1D(
            self.filters,
            self.kernel_size,
            strides=self.strides,
            padding=self.padding,
            dilation_rate=self.dilation_rate,
            groups=self.groups,
            activation=self.activation,
            use_bias=self.use_bias,
            data_format="channels_last",
        )(x)


@register("separable_conv1d")
class SeparableConv1D(Layer):
    """Convolve each channel on its own, then mix the channels.

    Shapes: `(n, l, c) -> (n, l', filters)`.
    """

    filters: int = Field(gt=0, le=65_536)
    """Number of output channels."""
    kernel_size: int = Field(3, ge=1, le=65_536)
    """Length of the kernel, in steps."""
    strides: int = Field(1, ge=1, le=65_536)
    """Step of the kernel, in steps of the sequence."""
    padding: Padding = "same"
    """same pads with zeros so that stride 1 keeps the length; valid does not pad."""
    activation: ActivationName = "linear"
    """Function applied to the result."""
    use_bias: bool = True
    """Add a learned number to each output channel."""

    def apply(self, x: Any) -> Any:
        """Return the convolved sequences."""
        from keras import layers

        return layers.SeparableConv1D(
            self.filters,
            self.kernel_size,
            strides=self.strides,
            padding=self.padding,
            activation=self.activation,
            use_bias=self.use_bias,
            data_format="channels_last",
        )(x)


class _Pooling1D(Layer):
    pool_size: int = Field(2, ge=1, le=65_536)
    """Length of the window, in steps."""
    strides: int | None = Field(None, ge=1, le=65_536)
    """Step of the window; left out: `pool_size`."""
    padding: Padding = "valid"
    """valid drops what does not fill a window; same keeps it."""


@register("max_pooling1d")
class MaxPooling1D(_Pooling1D):
    """Take the largest value of each window.

    Shapes: `(n, l, c) -> (n, l', c)`.
    """

    def apply(self, x: Any) -> Any:
        """Return the pooled sequences."""
        from keras import layers

        return layers.MaxPooling1D(self.pool_size, self.strides, self.padding, data_format="channels_last")(x)


@register("average_pooling1d")
class AveragePooling1D(_Pooling1D):
    """Take the mean of each window.

    Shapes: `(n, l, c) -> (n, l', c)`.
    """

    def apply(self, x: Any) -> Any:
        """Return the pooled sequences."""
        from keras import layers

        return layers.AveragePooling1D(self.pool_size, self.strides, self.padding, data_format="channels_last")(x)


@register("global_average_pooling1d")
class GlobalAveragePooling1D(Layer):
    """Take the mean of each channel over the whole sequence.

    Shapes: `(n, l, c) -> (n, c)`.
    """

    def apply(self, x: Any) -> Any:
        """Return the means."""
        from keras import layers

        return layers.GlobalAveragePooling1D(data_format="channels_last")(x)


@register("global_max_pooling1d")
class GlobalMaxPooling1D(Layer):
    """Take the largest value of each channel over the whole sequence ("max over time", Collobert et al. 2011).

    Shapes: `(n, l, c) -> (n, c)`.
    """

    def apply(self, x: Any) -> Any:
        """Return the maxima."""
        from keras import layers

        return layers.GlobalMaxPooling1D(data_format="channels_last")(x)


@register("spatial_dropout1d")
class SpatialDropout1D(Layer):
    """Set whole channels to zero at random while training (Tompson et al. 2015, arXiv:1411.4280).

    Shapes: `(n, l, c) -> (n, l, c)`.
    """

    rate: float = Field(0.5, ge=0, lt=1)
    """Fraction of the channels."""

    def apply(self, x: Any) -> Any:
        """Return the channels, some of them zero while training."""
        from keras import layers

        return layers.SpatialDropout1D(self.rate)(x)
