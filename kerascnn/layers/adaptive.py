"""Pooling to a size that is given, whatever that of the input."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from kerascnn.errors import BuildError
from kerascnn.spec.trace import current_path


def pool_to(x: Any, sizes: Sequence[int], how: Literal["Max", "Average"]) -> Any:
    """Return `x` pooled to these sizes: window i of k goes from floor(i n / k) to ceil((i + 1) n / k)."""
    from keras import layers

    rank, found = len(sizes), tuple(x.shape[1:-1])
    even = [n % k == 0 for n, k in zip(found, sizes, strict=False)]
    if len(found) == rank and all(even):
        windows = tuple(n // k for n, k in zip(found, sizes, strict=True))
        return getattr(layers, f"{how}Pooling{rank}D")(windows, data_format="channels_last")(x)
    # Keras 3.15 also tries windows one larger than these: where they divide an axis evenly, TensorFlow may end the
    # process and JAX give NaN.
    if any(even) or 1 in found:
        raise BuildError(
            f"cannot pool {found} to {tuple(sizes)}: where one of the sizes divides that of the input, each size has "
            "to divide that of the input; change output_size or the layers before it",
            current_path(),
        )
    return getattr(layers, f"Adaptive{how}Pooling{rank}D")(tuple(sizes), data_format="channels_last")(x)
