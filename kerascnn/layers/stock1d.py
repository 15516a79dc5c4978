"""Keras's own layers for sequences, under their names and with their arguments: `(n, length, channels)`."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from kerascnn.layers.adaptive import pool_to
from kerascnn.layers.fields import Kernel, Padding, Rate
from kerascnn.spec import Layer, register


class _Conv1D(Layer):
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


@register("conv1d")
class Conv1D(Kernel, _Conv1D):
    """Convolve sequences (a cross-correlation, as everywhere in deep learning).

    Shapes: `(n, l, c) -> (n, l', filters)`; with padding same and causal, l' is l / strides rounded up.
    """

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
            **self.kernel_arguments("kernel", 0, 1),
        )(x)


class _Conv1DTranspose(Layer):
    filters: int = Field(gt=0, le=65_536)
    """Number of output channels."""
    kernel_size: int = Field(3, ge=1, le=65_536)
    """Length of the kernel, in steps."""
    strides: int = Field(2, ge=1, le=65_536)
    """Factor by which the length grows."""
    padding: Padding = "same"
    """same gives exactly `strides` times the length; valid keeps what the kernel writes beyond it."""


@register("conv1d_transpose")
class Conv1DTranspose(Kernel, _Conv1DTranspose):
    """Lengthen sequences by a learned kernel: the gradient of a convolution.

    Shapes: `(n, l, c) -> (n, l * strides, filters)`; with padding valid, longer by kernel_size - strides where that is
    more than 0.
    """

    def apply(self, x: Any) -> Any:
        """Return the lengthened sequences."""
        from keras import layers

        return layers.Conv1DTranspose(
            self.filters,
            self.kernel_size,
            strides=self.strides,
            padding=self.padding,
            activation=self.activation,
            use_bias=self.use_bias,
            data_format="channels_last",
            **self.kernel_arguments("kernel", 0, 2),
        )(x)


class _Window1D(Layer):
    kernel_size: int = Field(3, ge=1, le=65_536)
    """Length of the kernel, in steps."""
    strides: int = Field(1, ge=1, le=65_536)
    """Step of the kernel, in steps of the sequence."""
    padding: Padding = "same"
    """same pads with zeros so that stride 1 keeps the length; valid does not pad."""


class _DepthwiseConv1D(_Window1D):
    depth_multiplier: int = Field(1, ge=1, le=1024)
    """Output channels for each input channel."""


@register("depthwise_conv1d")
class DepthwiseConv1D(Kernel, _DepthwiseConv1D):
    """Convolve each channel on its own.

    Shapes: `(n, l, c) -> (n, l', c * depth_multiplier)`.
    """

    def apply(self, x: Any) -> Any:
        """Return the convolved sequences."""
        from keras import layers

        return layers.DepthwiseConv1D(
            self.kernel_size,
            strides=self.strides,
            padding=self.padding,
            depth_multiplier=self.depth_multiplier,
            activation=self.activation,
            use_bias=self.use_bias,
            data_format="channels_last",
            **self.kernel_arguments("depthwise", 0),
        )(x)


class _SeparableConv1D(Layer):
    filters: int = Field(gt=0, le=65_536)
    """Number of output channels."""


@register("separable_conv1d")
class SeparableConv1D(Kernel, _Window1D, _SeparableConv1D):
    """Convolve each channel on its own, then mix the channels.

    Shapes: `(n, l, c) -> (n, l', filters)`.
    """

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
            **self.kernel_arguments("depthwise", 0),
            **self.kernel_arguments("pointwise", 0, 1),
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


class _AdaptivePooling1D(Layer):
    output_size: int = Field(ge=1, le=65_536)
    """Length of the result, in steps, whatever that of the input is."""


@register("adaptive_max_pooling1d")
class AdaptiveMaxPooling1D(_AdaptivePooling1D):
    """Take the largest value of each of so many windows that cover the sequence.

    Shapes: `(n, l, c) -> (n, output_size, c)`.
    """

    def apply(self, x: Any) -> Any:
        """Return the pooled sequences."""
        return pool_to(x, (self.output_size,), "Max")


@register("adaptive_average_pooling1d")
class AdaptiveAveragePooling1D(_AdaptivePooling1D):
    """Take the mean of each of so many windows that cover the sequence.

    Shapes: `(n, l, c) -> (n, output_size, c)`.
    """

    def apply(self, x: Any) -> Any:
        """Return the pooled sequences."""
        return pool_to(x, (self.output_size,), "Average")


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

    rate: Rate = 0.5
    """Fraction of the channels."""

    def apply(self, x: Any) -> Any:
        """Return the channels, some of them zero while training."""
        from keras import layers

        return layers.SpatialDropout1D(self.rate)(x)
