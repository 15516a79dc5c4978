"""Where in a network feature maps are: which tensors they are, and the network cut in two there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import keras

from kerascnn.errors import UsageError
from kerascnn.spec.section import nearest

_RESHAPING = ("Reshape", "Permute", "Flatten", "RepeatVector")


@dataclass(frozen=True)
class Cut:
    """A network in two halves."""

    front: keras.Model
    """From the input to the taps, and to what else the back needs."""
    back: keras.Model
    """From these to the answer."""
    taps: tuple[Any, ...]
    """The tensors of feature maps, which come first."""


def feeders(tensor: Any) -> list[Any]:
    """Return what the operation that made a symbolic tensor was given."""
    operation, node, _ = tensor._keras_history
    return list(operation._inbound_nodes[node].input_tensors)


def operation_of(tensor: Any) -> Any:
    """Return the operation that made a symbolic tensor."""
    return tensor._keras_history.operation


def cut(network: keras.Model, taps: Sequence[Any]) -> Cut:
    """Return the network in two halves at these tensors. What does not come from them is handed over as well."""
    chosen = {id(tensor) for tensor in taps}
    behind: dict[int, bool] = {}
    order = list(upstream([network.output], chosen))
    for tensor in reversed(order):
        behind[id(tensor)] = id(tensor) in chosen or any(behind[id(one)] for one in feeders(tensor))
    held: dict[int, Any] = {}
    for tensor in order:
        if behind[id(tensor)] and id(tensor) not in chosen:
            held |= {id(one): one for one in feeders(tensor) if not behind[id(one)]}
    ends = [*taps, *held.values()]
    return Cut(keras.Model(network.input, ends), keras.Model(ends, network.output), tuple(taps))


def upstream(tensors: Sequence[Any], stop: set[int]) -> Iterator[Any]:
    """Yield tensors and all that they come from, those that need others before these; `stop` are not looked behind."""
    seen: set[int] = set()
    found: list[Any] = []
    stack = [(tensor, False) for tensor in tensors]
    while stack:
        tensor, done = stack.pop()
        if done:
            found.append(tensor)
        elif id(tensor) not in seen:
            seen.add(id(tensor))
            stack.append((tensor, True))
            stack += [(one, False) for one in ([] if id(tensor) in stop else feeders(tensor))]
    # What is at the end of the network comes first.
    yield from reversed(found)


def named(backbone: keras.Model, name: str) -> list[Any]:
    """Return the tensor of a feature or a layer. Raises UsageError where it is none, or has no maps."""
    tensors = {operation.name: operation.output for operation in backbone.operations if _single(operation)}
    tensors |= backbone.output
    if name not in tensors:
        near = nearest(name, tensors)
        hint = f"did you mean '{near}'?" if near else f"it has {', '.join(backbone.output)}"
        raise UsageError(f"the backbone has no feature and no layer named '{name}'; {hint}")
    if not _has_maps(tensors[name], backbone.input):
        raise UsageError(
            f"'{name}' gives {_said(tensors[name])}, which is no map over several places; choose a layer before it"
        )
    return [tensors[name]]


def deepest(backbone: keras.Model, features: Sequence[Any], *, sees_last: bool) -> list[Any]:
    """Return the deepest maps that have more than one place, of all that lead to these features.

    They are those of a named feature, else the last layers before the places are lost. Where a network reads a single
    place, they are those from which that place is computed: what the last attention looks at, or (`sees_last`) the
    first convolution of a series. Raises UsageError where it has no maps.
    """
    heavy, source = _heavy(features), backbone.input
    if sees_last:
        found = [x for x in reversed(list(upstream(features, set()))) if heavy[id(x)] and _has_maps(x, source)][:1]
    else:
        # Only levels are maps for certain: the k largest answers of a filter have a shape like theirs.
        levels = [x for name, x in backbone.output.items() if _is_level(name) and heavy.get(id(x), False)]
        found = [x for x in levels if _has_maps(x, source)][-1:] or _frontier(features, heavy, source)
    if not found:
        raise UsageError(
            "the network has no feature maps, from which class activation maps are made; take another method, such as "
            "saliency, integrated_gradients or occlusion"
        )
    return found


def _frontier(features: Sequence[Any], heavy: dict[int, bool], source: Any) -> list[Any]:
    found: dict[int, Any] = {}
    seen: set[tuple[int, bool]] = set()
    stack = [(tensor, False) for tensor in features]
    while stack:
        tensor, picked = stack.pop()
        if (id(tensor), picked) in seen or not heavy[id(tensor)]:
            continue
        seen.add((id(tensor), picked))
        if not picked and _is_layer(tensor) and _has_maps(tensor, source):
            found[id(tensor)] = tensor
            continue
        operation = operation_of(tensor)
        if picked and isinstance(operation, keras.layers.MultiHeadAttention):
            # The one token that is read gets what it knows of the others here.
            return [feeders(tensor)[0]]
        picks = type(operation).__name__ == "GetItem" and len(tensor.shape) < len(feeders(tensor)[0].shape)
        stack += [(one, picked or picks) for one in feeders(tensor)]
    return list(found.values())


def _heavy(features: Sequence[Any]) -> dict[int, bool]:
    """Return of each tensor whether weights stand before it: masks, which have none, are no features."""
    heavy: dict[int, bool] = {}
    for tensor in reversed(list(upstream(features, set()))):
        own = bool(getattr(operation_of(tensor), "weights", None))
        heavy[id(tensor)] = (own and bool(feeders(tensor))) or any(heavy[id(one)] for one in feeders(tensor))
    return heavy


def _is_level(name: str) -> bool:
    return name[:1] == "P" and name[1:].isdecimal()


def _is_layer(tensor: Any) -> bool:
    operation = operation_of(tensor)
    return isinstance(operation, keras.layers.Layer) and type(operation).__name__ not in _RESHAPING


def _single(operation: Any) -> bool:
    return not isinstance(operation, keras.layers.InputLayer) and hasattr(operation.output, "shape")


def _has_maps(tensor: Any, source: Any) -> bool:
    """Return whether a tensor has channels at several places of the input, or at several tokens that tile it."""
    shape, ours = tuple(tensor.shape[1:]), tuple(source.shape[1:])
    if "float" not in str(tensor.dtype) or not shape or None in shape:
        return False
    if len(shape) == len(ours):
        return any(size > 1 for size in shape[:-1])
    return len(shape) == 2 and len(ours) == 3 and tiling(shape[0], ours[:2]) is not None


def tiling(tokens: int, size: Sequence[int]) -> tuple[int, int] | None:
    """Return rows and columns of the square patches of a picture that are these tokens, or all of them but the first.

    >>> tiling(7, (8, 12)), tiling(6, (8, 12)), tiling(8, (8, 12))
    ((2, 3), (2, 3), None)
    """
    for count in (tokens, tokens - 1):
        rows = round((count * size[0] / size[1]) ** 0.5)
        if rows and count > 1 and count % rows == 0 and rows * size[1] == count // rows * size[0]:
            return rows, count // rows
    return None


def spare_tokens(tensor: Any, source: Any) -> int:
    """Return how many tokens stand before those of a picture's patches: one that stands for the whole, or none."""
    if len(tensor.shape) == len(source.shape):
        return 0
    grid = tiling(tensor.shape[1], tuple(source.shape[1:3]))
    assert grid is not None
    return int(tensor.shape[1]) - grid[0] * grid[1]


def _said(tensor: Any) -> str:
    return " x ".join(map(str, tensor.shape[1:])) or "a number"
