"""Keras's own layers for volumes, under their names and with their arguments: `(n, depth, height, width, channels)`.

A picture becomes a volume by reshape.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from kerascnn.layers.adaptive import pool_to
from kerascnn.layers.fields import Kernel, Padding, Triple
from kerascnn.spec import Layer, register


class _Conv3D(Layer):
    filters: int = Field(gt=0, le=65_536)
    """Number of output channels."""
    kernel_size: Triple = (3, 3, 3)
    """Depth, height and width of the kernel, in voxels."""
    strides: Triple = (1, 1, 1)
    """Step of the kernel, in voxels."""
    padding: Padding = "same"
    """same pads with zeros so that stride 1 keeps the size; valid does not pad."""


@register("conv3d")
class Conv3D(Kernel, _Conv3D):
    """Convolve volumes (a cross-correlation, as everywhere in deep learning).

    Shapes: `(n, d, h, w, c) -> (n, d', h', w', filters)`; with padding same, d' is d / strides rounded up.
    """

    def apply(self, x: Any) -> Any:
        """Return the convolved volumes."""
        from keras import layers

        return layers.Conv3D(
            self.filters,
            self.kernel_size,
            strides=self.strides,
            padding=self.padding,
            activation=self.activation,
            use_bias=self.use_bias,
            data_format="channels_last",
            **self.kernel_arguments("kernel", 0, 1, 2, 3),
        )(x)


class _Conv3DTranspose(Layer):
    filters: int = Field(gt=0, le=65_536)
    """Number of output channels."""
    kernel_size: Triple = (3, 3, 3)
    """Depth, height and width of the kernel, in voxels."""
    strides: Triple = (2, 2, 2)
    """Factors by which depth, height and width grow."""
    padding: Padding = "same"
    """same gives exactly `strides` times the size; valid keeps what the kernel writes beyond it."""


@register("conv3d_transpose")
class Conv3DTranspose(Kernel, _Conv3DTranspose):
    """Enlarge volumes by a learned kernel: the gradient of a convolution.

    Shapes: `(n, d, h, w, c) -> (n, d * strides, h * strides, w * strides, filters)`; with padding valid, larger by
    kernel_size - strides where that is more than 0.
    """

    def apply(self, x: Any) -> Any:
        """Return the enlarged volumes."""
        from keras import layers

        return layers.Conv3DTranspose(
            self.filters,
            self.kernel_size,
            strides=self.strides,
            padding=self.padding,
            activation=self.activation,
            use_bias=self.use_bias,
            data_format="channels_last",
            **self.kernel_arguments("kernel", 0, 1, 2, 4),
        )(x)


class _Pooling3D(Layer):
    pool_size: Triple = (2, 2, 2)
    """Depth, height and width of the window, in voxels."""
    strides: Triple | None = None
    """Step of the window, in voxels; left out: `pool_size`."""
    padding: Padding = "valid"
    """valid drops what does not fill a window; same keeps it."""


@register("max_pooling3d")
class MaxPooling3D(_Pooling3D):
    """Take the largest value of each window.

    Shapes: `(n, d, h, w, c) -> (n, d', h', w', c)`.
    """

    def apply(self, x: Any) -> Any:
        """Return the pooled volumes."""
        from keras import layers

        return layers.MaxPooling3D(self.pool_size, self.strides, self.padding, data_format="channels_last")(x)


@register("average_pooling3d")
class AveragePooling3D(_Pooling3D):
    """Take the mean of each window.

    Shapes: `(n, d, h, w, c) -> (n, d', h', w', c)`.
    """

    def apply(self, x: Any) -> Any:
        """Return the pooled volumes."""
        from keras import layers

        return layers.AveragePooling3D(self.pool_size, self.strides, self.padding, data_format="channels_last")(x)


class _AdaptivePooling3D(Layer):
    output_size: Triple
    """Depth, height and width of the result, in voxels, whatever those of the input are."""


@register("adaptive_max_pooling3d")
class AdaptiveMaxPooling3D(_AdaptivePooling3D):
    """Take the largest value of each of so many windows that cover the volume.

    Shapes: `(n, d, h, w, c) -> (n, *output_size, c)`.
    """

    def apply(self, x: Any) -> Any:
        """Return the pooled volumes."""
        return pool_to(x, self.output_size, "Max")


@register("adaptive_average_pooling3d")
class AdaptiveAveragePooling3D(_AdaptivePooling3D):
    """Take the mean of each of so many windows that cover the volume.

    Shapes: `(n, d, h, w, c) -> (n, *output_size, c)`.
    """

    def apply(self, x: Any) -> Any:
        """Return the pooled volumes."""
        return pool_to(x, self.output_size, "Average")


@register("global_average_pooling3d")
class GlobalAveragePooling3D(Layer):
    """Take the mean of each channel over the whole volume.

    Shapes: `(n, d, h, w, c) -> (n, c)`.
    """

    def apply(self, x: Any) -> Any:
        """Return the means."""
        from keras import layers

        return layers.GlobalAveragePooling3D(data_format="channels_last")(x)


@register("global_max_pooling3d")
class GlobalMaxPooling3D(Layer):
    """Take the largest value of each channel over the whole volume.

    Shapes: `(n, d, h, w, c) -> (n, c)`.
    """

    def apply(self, x: Any) -> Any:
        """Return the maxima."""
        from keras import layers

        return layers.GlobalMaxPooling3D(data_format="channels_last")(x)
