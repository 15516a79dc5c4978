"""Fields that several layers share, so that they stand once."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from kerascnn.spec import Layer

Padding = Literal["same", "valid"]
ActivationName = Literal[
    "linear", "relu", "relu6", "leaky_relu", "elu", "selu", "gelu", "silu", "swish", "mish", "tanh", "sigmoid",
    "hard_sigmoid", "hard_swish", "hard_silu", "softmax", "softplus", "softsign", "exponential",
]  # fmt: skip
InitializerName = Literal[
    "glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "lecun_uniform", "lecun_normal", "random_uniform",
    "random_normal", "truncated_normal", "orthogonal", "zeros", "ones",
]  # fmt: skip
Rate = Annotated[float, Field(ge=0, lt=1)]


def _three(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        value = (value, value, value)
    whole = isinstance(value, list | tuple) and all(type(item) is int for item in value)
    if not whole or len(value) != 3 or not all(1 <= item <= 8192 for item in value):
        raise PydanticCustomError(
            "three_numbers", "should be a whole number from 1 to 8192, or three of them as [depth, height, width]"
        )
    return tuple(value)


_WHOLE = {"type": "integer", "minimum": 1, "maximum": 8192}
Triple = Annotated[
    tuple[int, int, int],
    Field(strict=False),
    BeforeValidator(_three),
    WithJsonSchema(
        {
            "anyOf": [
                _WHOLE,
                {"type": "array", "prefixItems": [_WHOLE] * 3, "minItems": 3, "maxItems": 3, "items": False},
            ]
        }
    ),
]
"""One whole number for all three, or [depth, height, width]."""


class Kernel(Layer):
    """What layers with a kernel of weights have in common: how it begins, what holds it back, what follows it."""

    activation: ActivationName = "linear"
    """Function applied to the result."""
    use_bias: bool = True
    """Add a learned number to each output channel."""
    kernel_initializer: InitializerName = "glorot_uniform"
    """What the weights are before training. he_normal suits relu, lecun_normal selu."""
    kernel_l1: float = Field(0.0, ge=0, le=1000)
    """Factor of the sum of the weights' sizes that is added to the loss; it drives weights to zero."""
    kernel_l2: float = Field(0.0, ge=0, le=1000)
    """Factor of the sum of the weights' squares that is added to the loss; it keeps weights small."""
    max_norm: float | None = Field(None, gt=0, le=1000)
    """Largest length of the vector of weights that lead to one output; after each step a longer one is shortened to
    it (Srivastava et al. 2014 take 3 or 4). Left out: no limit."""

    def kernel_arguments(self, name: str, *axes: int) -> dict[str, Any]:
        """Return Keras's arguments for the weights of this name; `axes` are those that one output sums over."""
        from keras import constraints, regularizers

        penalty = regularizers.L1L2(self.kernel_l1, self.kernel_l2) if self.kernel_l1 or self.kernel_l2 else None
        return {
            f"{name}_initializer": self.kernel_initializer,
            f"{name}_regularizer": penalty,
            f"{name}_constraint": constraints.MaxNorm(self.max_norm, axis=list(axes)) if self.max_norm else None,
        }
