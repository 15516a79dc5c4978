"""Chains of layers, each at its place in the spec."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kerascnn.errors import BuildError
from kerascnn.spec.component import Component
from kerascnn.spec.kinds import Layer
from kerascnn.spec.trace import at, claim, count_layer, current_path

MAX_LAYERS = 500
"""Keras recurses for each layer of a chain when it builds, saves and loads; Python stops it at 940 and more."""

_MOST_SHOWN = 80


def compose(layers: Sequence[Layer], x: Any, *path: str | int) -> Any:
    """Return what the chain of layers makes of `x`. `path` is the chain's own key in the spec, such as "body".

    Raises BuildError with the path of the layer that does not fit, or gives no tensor.
    """
    from keras import KerasTensor

    for i, layer in enumerate(layers):
        with at(*path, i):
            if count_layer() > MAX_LAYERS:
                raise BuildError(f"the network has more than {MAX_LAYERS} layers", current_path())
            x = layer.apply(x)
            if not isinstance(x, KerasTensor):
                raise BuildError(
                    f"the layer '{name_of(layer)}' returns {shown(x)}; its apply() has to return a symbolic Keras "
                    "tensor",
                    current_path(),
                )
            claim(x)
    return x


def name_of(component: Component) -> str:
    """Return what a message calls a component."""
    return getattr(component, "type_name", "") or type(component).__name__


def shown(value: Any) -> str:
    """Return what a component gave, for a message: its text, cut short, and its type."""
    text = " ".join(repr(value).split())
    text = text if len(text) <= _MOST_SHOWN else f"{text[: _MOST_SHOWN - 3]}..."
    return text if value is None else f"{text} ({type(value).__name__})"
