"""Keras's own layers that change the form of what they are given, or treat each number by itself."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from kerascnn.errors import BuildError
from kerascnn.layers.fields import ActivationName, Kernel
from kerascnn.spec import Layer, register
from kerascnn.spec.fields import Pair
from kerascnn.spec.trace import current_path


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


@register("cropping2d")
class Cropping2D(Layer):
    """Cut the edges off pictures.

    Shapes: `(n, h, w, c) -> (n, h - 2 * cropping, w - 2 * cropping, c)`.
    """

    cropping: Pair = (1, 1)
    """Rows above and below, and columns left and right, in pixels."""

    def apply(self, x: Any) -> Any:
        """Return the middles."""
        from keras import layers

        return layers.Cropping2D(self.cropping, data_format="channels_last")(x)


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


@register("reshape")
class Reshape(Layer):
    """Read the numbers of an element in another shape, in the same order.

    A stack of slices that is stored as the channels of a picture becomes a volume for conv3d by `[64, 64, 32, 1]`.

    Shapes: `(n, ...) -> (n, *target_shape)`.
    """

    target_shape: list[Annotated[int, Field(ge=-1, le=10_000_000)]] = Field(min_length=1, max_length=6)
    """The new shape without the batch; one of its sizes may be -1, which stands for what is left."""

    @model_validator(mode="after")
    def _has_sizes(self) -> Self:
        if 0 in self.target_shape or self.target_shape.count(-1) > 1:
            raise PydanticCustomError(
                "reshape", "should hold whole numbers from 1 on in `target_shape`, and one -1 at most"
            )
        return self

    def apply(self, x: Any) -> Any:
        """Return the numbers in their new shape."""
        from keras import layers

        return layers.Reshape(tuple(self.target_shape))(x)


class _Dense(Layer):
    units: int = Field(gt=0, le=1_000_000)
    """Number of outputs."""


@register("dense")
class Dense(Kernel, _Dense):
    """Multiply the last axis by a matrix of weights.

    Shapes: `(n, ..., c) -> (n, ..., units)`.
    """

    def apply(self, x: Any) -> Any:
        """Return the outputs."""
        from keras import layers

        return layers.Dense(
            self.units, activation=self.activation, use_bias=self.use_bias, **self.kernel_arguments("kernel", 0)
        )(x)


@register("embedding")
class Embedding(Layer):
    """Replace whole numbers, such as codes of events in a series, with vectors that are learned.

    For data that is kept as it is, by `model.preprocess.normalize: none`; texts have their own by
    `model.preprocess.embedding`. Numbers are rounded; those below 0 count as 0, those from `input_dim` on as the last.

    Shapes: `(n, ..., 1) -> (n, ..., output_dim)`.
    """

    input_dim: int = Field(ge=1, le=10_000_000)
    """How many numbers there are: 0 to input_dim - 1."""
    output_dim: int = Field(ge=1, le=65_536)
    """Length of a vector."""

    def apply(self, x: Any) -> Any:
        """Return the vectors."""
        from keras import layers, ops

        if x.shape[-1] != 1:
            raise BuildError(f"replaces one number at each place, not {x.shape[-1]} channels", current_path())
        # Whole numbers before a layer sees them: in 16 bits those above 256 are no longer told apart.
        codes = ops.cast(ops.clip(ops.round(ops.squeeze(x, -1)), 0, self.input_dim - 1), "int32")
        return layers.Embedding(self.input_dim, self.output_dim)(codes)


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


@register("prelu")
class PReLU(Layer):
    """Multiply negative numbers by a factor that each channel learns (He et al. 2015, arXiv:1502.01852).

    Shapes: `(n, ..., c) -> (n, ..., c)`.
    """

    slope: float = Field(0.25, ge=-10, le=10)
    """The factor before training; 0.25 in the paper."""

    def apply(self, x: Any) -> Any:
        """Return the numbers, negative ones made smaller."""
        from keras import initializers, layers

        places = list(range(1, len(x.shape) - 1))
        return layers.PReLU(initializers.Constant(self.slope), shared_axes=places or None)(x)
