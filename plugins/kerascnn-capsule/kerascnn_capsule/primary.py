"""The first layer of capsules."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from kerascnn.errors import BuildError
from kerascnn.spec import Layer, register
from kerascnn_capsule.squash import squash


@register("primary")
class PrimaryCapsules(Layer):
    """A convolution whose channels are taken together to vectors, each of them brought to a length below 1.

    Each place has `capsules` vectors, which share their weights with those of all other places. Shapes:
    `(n, h, w, c) -> (n, h' * w' * capsules, size)`.
    """

    capsules: int = Field(32, ge=1, le=4096)
    """Capsules of each place; 32 in the paper."""
    size: int = Field(8, ge=1, le=1024)
    """Numbers of each capsule; 8 in the paper."""
    kernel_size: int = Field(9, ge=1, le=255)
    """Height and width of the convolution; 9 in the paper."""
    strides: int = Field(2, ge=1, le=255)
    """Pixels from one place to the next; 2 in the paper."""
    padding: Literal["valid", "same"] = "valid"
    """Whether the convolution stays inside the map, as in the paper, or keeps its size but for the strides."""

    def apply(self, x: Any) -> Any:
        """Return the capsules of all places. Raises BuildError for what is no map."""
        from keras import layers

        if len(x.shape) != 4:
            raise BuildError(f"takes maps (n, h, w, c), and was given the shape {tuple(x.shape)}", "model.backbone")
        x = layers.Conv2D(self.capsules * self.size, self.kernel_size, self.strides, self.padding)(x)
        return squash(layers.Reshape((-1, self.size))(x))
