"""The character network of Zhang, Zhao and LeCun."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from kerascnn.errors import BuildError
from kerascnn.spec import Backbone, register
from kerascnn.spec.trace import current_path

_FILTERS = {"small": 256, "large": 1024}
_DEVIATION = {"small": 0.05, "large": 0.02}
_LAYERS = ((7, 3), (7, 3), (3, 0), (3, 0), (3, 0), (3, 3))
"""Kernel size and pooling of each convolution, 0 for none."""
_SHORTEST = 123


@register("char_cnn")
class CharCNN(Backbone):
    """Six convolutions over the characters of a text, three of them pooled (Zhang et al. 2015, arXiv:1509.01626).

    The head is `{type: classifier, pooling: flatten, hidden: [1024, 1024], dropout: 0.5}`, 2048 units for the large
    one, on `data: {length: 1014, text: {tokens: character}}`. The paper has a one-hot code of 70 characters where an
    embedding stands here. Padding is zeros and part of what the dense layers see, as there.

    Shapes: `(n, characters, c) -> {"out": (n, (characters - 96) / 27, filters)}`.
    """

    reads: ClassVar[str] = "text"

    size: Literal["small", "large"] = "small"
    """small has 256 filters in each convolution, large 1024."""

    def apply(self, x: Any) -> dict[str, Any]:
        """Return the maps of the last pooling. Raises BuildError for texts that are too short."""
        from keras import initializers, layers

        if x.shape[1] < _SHORTEST:
            raise BuildError(
                f"texts of {x.shape[1]} characters are too short for its convolutions, which need {_SHORTEST}; set "
                "data.length (the paper has 1014) and data.text.tokens: character",
                current_path(),
            )
        for i, (kernel, pool) in enumerate(_LAYERS, 1):
            x = layers.Conv1D(
                _FILTERS[self.size],
                kernel,
                activation="relu",
                kernel_initializer=initializers.RandomNormal(stddev=_DEVIATION[self.size]),
                name=f"conv{i}",
            )(x)
            if pool:
                x = layers.MaxPooling1D(pool, name=f"pool{i}")(x)
        return {"out": x}
