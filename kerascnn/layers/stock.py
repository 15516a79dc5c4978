"""Keras's own convolutions and poolings of pictures, under their names and with their arguments.

Pictures are `(n, height, width, channels)`.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from kerascnn.layers.adaptive import pool_to
from kerascnn.layers.fields import Kernel, Padding
from kerascnn.spec import Layer, register
from kerascnn.spec.fields import Pair

# Fields stand in bases of their own where those of the kernel are to follow them.


class _Window2D(Layer):
    kernel_size: Pair = (3, 3)
    """Height and width of the kernel, in pixels."""
    strides: int = Field(1, ge=1, le=8192)
    """Step of the kernel down and to the right, in pixels."""
    padding: Padding = "same"
    """same pads with zeros so that stride 1 keeps the size; valid does not pad."""


class _Conv2D(Layer):
    filters: int = Field(gt=0, le=65_536)
    """Number of output channels."""
    kernel_size: Pair = (3, 3)
    """Height and width of the kernel, in pixels."""
    strides: Pair = (1, 1)
    """Step of the kernel, in pixels."""
    padding: Padding = "same"
    """same pads with zeros so that stride 1 keeps the size; valid does not pad."""
    dilation_rate: Pair = (1, 1)
    """Distance between the kernel's taps, in pixels."""
    groups: int = Field(1, ge=1)
    """Number of groups of channels that are convolved apart; it divides the input channels and `filters`."""


@register("conv2d")
class Conv2D(Kernel, _Conv2D):
    """Convolve pictures (a cross-correlation, as everywhere in deep learning).

    Shapes: `(n, h, w, c) -> (n, h', w', filters)`; with padding same, h' is h / strides rounded up.
    """

    def apply(self, x: Any) -> Any:
        """Return the convolved pictures."""
        from keras import layers

        return layers.Conv2D(
            self.filters,
            self.kernel_size,
            strides=self.strides,
            padding=self.padding,
            dilation_rate=self.dilation_rate,
            groups=self.groups,
            activation=self.activation,
            use_bias=self.use_bias,
            data_format="channels_last",
            **self.kernel_arguments("kernel", 0, 1, 2),
        )(x)


class _Conv2DTranspose(Layer):
    filters: int = Field(gt=0, le=65_536)
    """Number of output channels."""
    kernel_size: Pair = (3, 3)
    """Height and width of the kernel, in pixels."""
    strides: Pair = (2, 2)
    """Factors by which height and width grow."""
    padding: Padding = "same"
    """same gives exactly `strides` times the size; valid keeps what the kernel writes beyond it."""


@register("conv2d_transpose")
class Conv2DTranspose(Kernel, _Conv2DTranspose):
    """Enlarge pictures by a learned kernel: the gradient of a convolution (Zeiler et al. 2010).

    Shapes: `(n, h, w, c) -> (n, h * strides, w * strides, filters)`; with padding valid, larger by kernel_size -
    strides where that is more than 0.
    """

    def apply(self, x: Any) -> Any:
        """Return the enlarged pictures."""
        from keras import layers

        return layers.Conv2DTranspose(
            self.filters,
            self.kernel_size,
            strides=self.strides,
            padding=self.padding,
            activation=self.activation,
            use_bias=self.use_bias,
            data_format="channels_last",
            **self.kernel_arguments("kernel", 0, 1, 3),
        )(x)


class _DepthwiseConv2D(_Window2D):
    dilation_rate: Pair = (1, 1)
    """Distance between the kernel's taps, in pixels."""
    depth_multiplier: int = Field(1, ge=1, le=1024)
    """Output channels for each input channel."""


@register("depthwise_conv2d")
class DepthwiseConv2D(Kernel, _DepthwiseConv2D):
    """Convolve each channel on its own.

    Shapes: `(n, h, w, c) -> (n, h', w', c * depth_multiplier)`.
    """

    def apply(self, x: Any) -> Any:
        """Return the convolved pictures."""
        from keras import layers

        return layers.DepthwiseConv2D(
            self.kernel_size,
            strides=self.strides,
            padding=self.padding,
            dilation_rate=self.dilation_rate,
            depth_multiplier=self.depth_multiplier,
            activation=self.activation,
            use_bias=self.use_bias,
            data_format="channels_last",
            **self.kernel_arguments("depthwise", 0, 1),
        )(x)


class _SeparableConv2D(Layer):
    filters: int = Field(gt=0, le=65_536)
    """Number of output channels."""


@register("separable_conv2d")
class SeparableConv2D(Kernel, _Window2D, _SeparableConv2D):
    """Convolve each channel on its own, then mix the channels (Chollet 2017, arXiv:1610.02357).

    Shapes: `(n, h, w, c) -> (n, h', w', filters)`.
    """

    def apply(self, x: Any) -> Any:
        """Return the convolved pictures."""
        from keras import layers

        return layers.SeparableConv2D(
            self.filters,
            self.kernel_size,
            strides=self.strides,
            padding=self.padding,
            activation=self.activation,
            use_bias=self.use_bias,
            data_format="channels_last",
            **self.kernel_arguments("depthwise", 0, 1),
            **self.kernel_arguments("pointwise", 0, 1, 2),
        )(x)


class _Pooling(Layer):
    pool_size: Pair = (2, 2)
    """Height and width of the window, in pixels."""
    strides: Pair | None = None
    """Step of the window, in pixels; left out: `pool_size`."""
    padding: Padding = "valid"
    """valid drops what does not fill a window; same keeps it."""


@register("max_pooling2d")
class MaxPooling2D(_Pooling):
    """Take the largest value of each window.

    Shapes: `(n, h, w, c) -> (n, h', w', c)`.
    """

    def apply(self, x: Any) -> Any:
        """Return the pooled pictures."""
        from keras import layers

        return layers.MaxPooling2D(self.pool_size, self.strides, self.padding, data_format="channels_last")(x)


@register("average_pooling2d")
class AveragePooling2D(_Pooling):
    """Take the mean of each window.

    Shapes: `(n, h, w, c) -> (n, h', w', c)`.
    """

    def apply(self, x: Any) -> Any:
        """Return the pooled pictures."""
        from keras import layers

        return layers.AveragePooling2D(self.pool_size, self.strides, self.padding, data_format="channels_last")(x)


class _AdaptivePooling2D(Layer):
    output_size: Pair
    """Height and width of the result, in pixels, whatever those of the input are."""


@register("adaptive_max_pooling2d")
class AdaptiveMaxPooling2D(_AdaptivePooling2D):
    """Take the largest value of each of so many windows that cover the picture.

    Shapes: `(n, h, w, c) -> (n, *output_size, c)`.
    """

    def apply(self, x: Any) -> Any:
        """Return the pooled pictures."""
        return pool_to(x, self.output_size, "Max")


@register("adaptive_average_pooling2d")
class AdaptiveAveragePooling2D(_AdaptivePooling2D):
    """Take the mean of each of so many windows that cover the picture.

    Shapes: `(n, h, w, c) -> (n, *output_size, c)`.
    """

    def apply(self, x: Any) -> Any:
        """Return the pooled pictures."""
        return pool_to(x, self.output_size, "Average")


class _GlobalPooling2D(Layer):
    keepdims: bool = False
    """Keep height and width, as 1."""


@register("global_average_pooling2d")
class GlobalAveragePooling2D(_GlobalPooling2D):
    """Take the mean of each channel over the whole picture.

    Shapes: `(n, h, w, c) -> (n, c)`.
    """

    def apply(self, x: Any) -> Any:
        """Return the means."""
        from keras import layers

        return layers.GlobalAveragePooling2D(data_format="channels_last", keepdims=self.keepdims)(x)


@register("global_max_pooling2d")
class GlobalMaxPooling2D(_GlobalPooling2D):
    """Take the largest value of each channel over the whole picture.

    Shapes: `(n, h, w, c) -> (n, c)`.
    """

    def apply(self, x: Any) -> Any:
        """Return the maxima."""
        from keras import layers

        return layers.GlobalMaxPooling2D(data_format="channels_last", keepdims=self.keepdims)(x)
