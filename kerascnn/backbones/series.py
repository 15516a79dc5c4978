"""What networks for series share: layers that leave the padding behind a series out.

Padding (`kerascnn.nn.steps` says what that is) takes no part in means over steps and over batches, and is zero before
each convolution, as what a convolution itself pads with is. So the answer for a series does not depend on how much
padding stands behind it.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

from pydantic import Field
from pydantic_core import PydanticCustomError

from kerascnn.spec import Backbone

_MOMENTUM = 0.9
"""Of the means over batches: on sets of some hundred series an epoch has few steps, behind which 0.99 would lag."""

Filters = list[Annotated[int, Field(ge=2, le=16_384)]]
"""The field `filters` of a network with several convolutions."""
Kernels = list[Annotated[int, Field(ge=1, le=4096)]]
"""The field `kernel_sizes`."""


class SeriesBackbone(Backbone):
    """A network that gives one row of numbers for a series."""

    reads: ClassVar[str] = "series"

    skip_padding: bool = True
    """Leave out what stands behind the last step that is not 0 in every channel. false where no series is padded, and
    zeros at the end of one are values."""

    def there(self, x: Any) -> Any:
        """Return float32 `(n, steps)`: 1 where a step is there, 0 where it is padding."""
        from keras import ops

        from kerascnn.nn.steps import steps_there

        return steps_there(x) if self.skip_padding else ops.ones_like(x[..., 0], dtype="float32")

    @abstractmethod
    def receptive_field(self) -> int:
        """Return how many neighbouring steps of a series the deepest features can see at once."""


def check_kernels(name: str, filters: Sequence[int], kernel_sizes: Sequence[int]) -> None:
    """Raise pydantic's error where there are not as many kernels as convolutions."""
    if len(filters) != len(kernel_sizes):
        raise PydanticCustomError(
            name,
            "has {filters} numbers in filters and {kernels} in kernel_sizes; give each convolution one of both",
            {"filters": len(filters), "kernels": len(kernel_sizes)},
        )


def convolve(x: Any, filters: int, size: int, *, name: str, use_bias: bool = True) -> Any:
    """Return a convolution that keeps the length: `(n, l, c) -> (n, l, filters)`."""
    from keras import layers

    return layers.Conv1D(filters, size, padding="same", use_bias=use_bias, name=name)(x)


def normalise(x: Any, there: Any, name: str) -> Any:
    """Return batch normalisation over the steps that are there."""
    from keras import layers

    return layers.BatchNormalization(momentum=_MOMENTUM, name=name)(x, mask=there)


def activate(x: Any, there: Any, name: str) -> Any:
    """Return ReLU, with zeros where no step is there."""
    from keras import layers

    from kerascnn.nn.steps import keep

    return keep(layers.Activation("relu", name=name)(x), there)


def halve(x: Any, there: Any, name: str) -> tuple[Any, Any]:
    """Return the largest of every two steps, and which pairs are whole."""
    from keras import layers

    from kerascnn.nn.steps import keep

    # There is no step after one that is not there, so that the second of a pair speaks for both.
    there = there[:, 1::2]
    return keep(layers.MaxPooling1D(2, name=name)(x), there), there
