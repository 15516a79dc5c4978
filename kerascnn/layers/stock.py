"""Keras's own layers, under their names and with their arguments. Pictures are `(n, height, width, channels)`."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from kerascnn.spec import Layer, register
from kerascnn.spec.fields import Pair

Padding = Literal["same", "valid"]
ActivationName = Literal[
    "linear", "relu", "relu6", "leaky_relu", "elu", "selu", "gelu", "silu", "swish", "mish", "tanh", "sigmoid",
    "hard_sigmoid", "hard_swish", "hard_silu", "softmax", "softplus", "softsign", "exponential",
]  # fmt: skip


@register("conv2d")
class Conv2D(Layer):
    """Convolve pictures (a cross-correlation, as everywhere in deep learning).

    Shapes: `(n, h, w, c) -> (n, h', w', filters)`; with padding same, h' is h / strides rounded up.
    """

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
    activation: ActivationName = "linear"
    """Function applied to the result."""
    use_bias: bool = True
    """Add a learned number to each output channel."""

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
        )(x)


@register("depthwise_conv2d")
class DepthwiseConv2D(Layer):
    """Convolve each channel on its own.

    Shapes: `(n, h, w, c) -> (n, h', w', c * depth_multiplier)`.
    """

    kernel_size: Pair = (3, 3)
    """Height and width of the kernel, in pixels."""
    strides: int = Field(1, ge=1, le=8192)
    """Step of the kernel down and to the right, in pixels."""
    padding: Padding = "same"
    """same pads with zeros so that stride 1 keeps the size; valid does not pad."""
    depth_multiplier: int = Field(1, ge=1, le=1024)
    """Output channels for each input channel."""
    activation: ActivationName = "linear"
    """Function applied to the result."""
    use_bias: bool = True
    """Add a learned number to each output channel."""

    def apply(self, x: Any) -> Any:
        """Return the convolved pictures."""
        from keras import layers

        return layers.DepthwiseConv2D(
            self.kernel_size,
            strides=self.strides,
            padding=self.padding,
            depth_multiplier=self.depth_multiplier,
            activation=self.activation,
            use_bias=self.use_bias,
            data_format="channels_last",
        )(x)


@register("separable_conv2d")
class SeparableConv2D(Layer):
    """Convolve each channel on its own, then mix the channels (Chollet 2017, arXiv:1610.02357).

    Shapes: `(n, h, w, c) -> (n, h', w', filters)`.
    """

    filters: int = Field(gt=0, le=65_536)
    """Number of output channels."""
    kernel_size: Pair = (3, 3)
    """Height and width of the kernel, in pixels."""
    strides: int = Field(1, ge=1, le=8192)
    """Step of the kernel down and to the right, in pixels."""
    padding: Padding = "same"
    """same pads with zeros so that stride 1 keeps the size; valid does not pad."""
    activation: ActivationName = "linear"
    """Function applied to the result."""
    use_bias: bool = True
    """Add a learned number to each output channel."""

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


@register("global_average_pooling2d")
class GlobalAveragePooling2D(Layer):
    """Take the mean of each channel over the whole picture.

    Shapes: `(n, h, w, c) -> (n, c)`.
    """

    keepdims: bool = False
    """Keep height and width, as 1."""

    def apply(self, x: Any) -> Any:
        """Return the means."""
        from keras import layers

        return layers.GlobalAveragePooling2D(data_format="channels_last", keepdims=self.keepdims)(x)


@register("global_max_pooling2d")
class GlobalMaxPooling2D(Layer):
    """Take the largest value of each channel over the whole picture.

    Shapes: `(n, h, w, c) -> (n, c)`.
    """

    keepdims: bool = False
    """Keep height and width, as 1."""

    def apply(self, x: Any) -> Any:
        """Return the maxima."""
        from keras import layers

        return layers.GlobalMaxPooling2D(data_format="channels_last", keepdims=self.keepdims)(x)


@register("zero_padding2d")
class ZeroPadding2D(Layer):
    """Put zeros around pictures.

    Shapes: `(n, h, w, c) -> (n, h + 2 * padding, w + 2 * padding, c)`.
    """

    padding: Pair = (1, 1)
    """Rows above and below, and columns left and right, in pixels."""

    def apply(self, x: Any) -> Any:
        """Return the padded pictures."""
        from keras import layers

        return layers.ZeroPadding2D(self.padding, data_format="channels_last")(x)


@register("upsampling2d")
class UpSampling2D(Layer):
    """Enlarge pictures by whole factors.

    Shapes: `(n, h, w, c) -> (n, h * size, w * size, c)`.
    """

    size: Pair = (2, 2)
    """Factors of height and width."""
    interpolation: Literal["nearest", "bilinear"] = "nearest"
    """How the new pixels are found."""

    def apply(self, x: Any) -> Any:
        """Return the enlarged pictures."""
        from keras import layers

        return layers.UpSampling2D(self.size, data_format="channels_last", interpolation=self.interpolation)(x)


@register("flatten")
class Flatten(Layer):
    """Put all numbers of an element in one row.

    Shapes: `(n, ...) -> (n, product of the rest)`.
    """

    def apply(self, x: Any) -> Any:
        """Return the rows."""
        from keras import layers

        return layers.Flatten(data_format="channels_last")(x)


@register("dense")
class Dense(Layer):
    """Multiply the last axis by a matrix of weights.

    Shapes: `(n, ..., c) -> (n, ..., units)`.
    """

    units: int = Field(gt=0, le=1_000_000)
    """Number of outputs."""
    activation: ActivationName = "linear"
    """Function applied to the result."""
    use_bias: bool = True
    """Add a learned number to each output."""

    def apply(self, x: Any) -> Any:
        """Return the outputs."""
        from keras import layers

        return layers.Dense(self.units, activation=self.activation, use_bias=self.use_bias)(x)


@register("batch_norm")
class BatchNorm(Layer):
    """Normalise each channel by its statistics over the batch (Ioffe and Szegedy 2015, arXiv:1502.03167).

    Shapes: `(n, ..., c) -> (n, ..., c)`.
    """

    momentum: float = Field(0.99, ge=0, lt=1)
    """Weight of the past in the moving statistics that inference uses."""
    epsilon: float = Field(1e-3, gt=0, le=1)
    """Number added to the variance."""

    def apply(self, x: Any) -> Any:
        """Return the normalised values."""
        from keras import layers

        return layers.BatchNormalization(momentum=self.momentum, epsilon=self.epsilon)(x)


@register("layer_norm")
class LayerNorm(Layer):
    """Normalise each place by its statistics over the channels (Ba et al. 2016, arXiv:1607.06450).

    Shapes: `(n, ..., c) -> (n, ..., c)`.
    """

    epsilon: float = Field(1e-3, gt=0, le=1)
    """Number added to the variance."""

    def apply(self, x: Any) -> Any:
        """Return the normalised values."""
        from keras import layers

        return layers.LayerNormalization(epsilon=self.epsilon)(x)


@register("group_norm")
class GroupNorm(Layer):
    """Normalise groups of channels within each element (Wu and He 2018, arXiv:1803.08494); for tiny batches.

    Shapes: `(n, ..., c) -> (n, ..., c)`.
    """

    groups: int = Field(32, ge=1)
    """Number of groups; it divides the channels."""
    epsilon: float = Field(1e-3, gt=0, le=1)
    """Number added to the variance."""

    def apply(self, x: Any) -> Any:
        """Return the normalised values."""
        from keras import layers

        return layers.GroupNormalization(groups=self.groups, epsilon=self.epsilon)(x)


@register("activation")
class Activation(Layer):
    """Apply a function to each number.

    Shapes: `(n, ...) -> (n, ...)`.
    """

    function: ActivationName = "relu"
    """The function."""

    def apply(self, x: Any) -> Any:
        """Return the function's values."""
        from keras import layers

        return layers.Activation(self.function)(x)


@register("dropout")
class Dropout(Layer):
    """Set numbers to zero at random while training (Srivastava et al. 2014).

    Shapes: `(n, ...) -> (n, ...)`.
    """

    rate: float = Field(0.5, ge=0, lt=1)
    """Fraction of the numbers."""

    def apply(self, x: Any) -> Any:
        """Return the numbers, some of them zero while training."""
        from keras import layers

        return layers.Dropout(self.rate)(x)


@register("spatial_dropout2d")
class SpatialDropout2D(Layer):
    """Set whole channels to zero at random while training (Tompson et al. 2015, arXiv:1411.4280).

    Shapes: `(n, h, w, c) -> (n, h, w, c)`.
    """

    rate: float = Field(0.5, ge=0, lt=1)
    """Fraction of the channels."""

    def apply(self, x: Any) -> Any:
        """Return the channels, some of them zero while training."""
        from keras import layers

        return layers.SpatialDropout2D(self.rate, data_format="channels_last")(x)
