"""How much of a series a network can see at once, from its spec alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kerascnn.spec.component import Component

_ALL = frozenset(
    {"flatten", "reshape", "self_attention", "adaptive_max_pooling1d", "adaptive_average_pooling1d", "conv1d_transpose"}
)
"""Layers behind which a place may have seen all steps, or places are no steps any more."""


def steps_seen(backbone: Component) -> int | None:
    """Return how many neighbouring steps the deepest features of a backbone can see, None where that is not known.

    A backbone says it by its method `receptive_field`; layers that are spelled out are counted.

    >>> from kerascnn.spec import Backbone
    >>> from kerascnn.spec.component import parse_component
    >>> convolution = {"type": "conv1d", "filters": 4, "kernel_size": 5}
    >>> layers = [convolution, {"type": "max_pooling1d"}, convolution]
    >>> steps_seen(parse_component(Backbone, {"type": "layers", "layers": layers}))
    14
    """
    own = getattr(backbone, "receptive_field", None)
    if own is not None:
        return int(own())
    if backbone.type_name != "layers":
        return None
    found = _chain(getattr(backbone, "layers", ()), (1, 1))
    return found[0] if found else None


Seen = tuple[int, int]
"""How many steps a place sees, and how many steps it is to the next place."""


def _chain(layers: Sequence[Any], seen: Seen) -> Seen | None:
    for layer in layers:
        found = _through(layer, seen)
        if found is None:
            return None
        seen = found
    return seen


def _through(layer: Component, seen: Seen) -> Seen | None:
    """Return what a place sees behind a layer, None where that is not known."""
    name = layer.type_name
    if name in _ALL or "." in name:
        return None
    if name == "repeat":
        return _chain(list(getattr(layer, "body", ())) * int(getattr(layer, "times", 1)), seen)
    if name in ("residual", "parallel"):
        ways = [getattr(layer, "body", ())] if name == "residual" else getattr(layer, "branches", ())
        found = [_chain(way, seen) for way in ways]
        known = [one for one in found if one is not None]
        return max(known, default=seen) if len(known) == len(found) else None
    size = getattr(layer, "kernel_size", None) or getattr(layer, "pool_size", None)
    if not isinstance(size, int) or not ("conv" in name or "pool" in name):  # eca has a kernel over channels
        return seen
    strides = getattr(layer, "strides", 1) or size
    dilation = getattr(layer, "dilation_rate", 1)
    return seen[0] + (size - 1) * dilation * seen[1], seen[1] * strides
