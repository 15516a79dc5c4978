"""What each operation of a network costs, and how far its output sees."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import keras


@dataclass(frozen=True)
class Use:
    """An operation where it is used once: one that is shared stands in a network as often as it is called."""

    operation: Any
    inputs: list[Any]
    """The symbolic tensors that it gets."""
    outputs: list[Any]
    """The symbolic tensors that it gives."""
    operands: list[Any]
    """Everything that it is called with and that has a shape: symbolic tensors, weights and arrays."""
    rows: int = 1
    """Rows of its output's first axis for each element: windows of a map may be put there beside the batch."""

    @property
    def type_name(self) -> str:
        """The name of the operation's class."""
        return type(self.operation).__name__


def uses(part: keras.Model) -> Iterator[Use]:
    """Yield what a functional model computes, inputs before outputs; models inside it are left out."""
    known = {id(operation) for operation in part.operations}
    rows: dict[int, int] = {}
    for depth in sorted(part._nodes_by_depth, reverse=True):
        for node in part._nodes_by_depth[depth]:
            skipped = isinstance(node.operation, keras.layers.InputLayer | keras.Model)
            if id(node.operation) in known and not skipped:
                called_with = keras.tree.flatten((node.arguments.args, node.arguments.kwargs))
                operands = [value for value in called_with if hasattr(value, "shape")]
                use = Use(node.operation, list(node.input_tensors), list(node.output_tensors), operands)
                use = replace(use, rows=_rows(use, rows))
                rows |= {id(tensor): use.rows for tensor in use.outputs}
                yield use


def _rows(use: Use, known: dict[int, int]) -> int:
    rows = max((known.get(id(tensor), 1) for tensor in use.inputs), default=1)
    if use.type_name == "Reshape" and use.inputs:
        return max(1, rows * math.prod(places_of(use.inputs[0])) // math.prod(places_of(use.outputs[0])))
    return rows


# Operations.


def multiply_adds(use: Use) -> int:
    """Return the multiply-adds of convolutions, dense layers, recurrent ones and matrix products, for one element.

    This is what the published counters count: normalisation, activations, pooling and sums of maps are left out. A
    layer that is none of Keras's own counts its weights named `kernel` at each place of its output.
    """
    return use.rows * _of_a_row(use)


def _of_a_row(use: Use) -> int:
    operation, name = use.operation, use.type_name
    output = places_of(use.outputs[0])
    if isinstance(operation, keras.layers.MultiHeadAttention | keras.layers.GroupQueryAttention):
        return _attention(use)
    if name in ("Attention", "AdditiveAttention"):
        query, value = (places_of(tensor) for tensor in use.inputs[:2])
        return math.prod(query[:-1]) * value[-2] * (query[-1] + value[-1])
    if name == "DotProductAttention":
        query, key = (places_of(tensor) for tensor in use.operands[:2])
        return 2 * math.prod(query) * key[0]
    if name in ("Einsum", "EinsumDense"):
        operands = use.operands if name == "Einsum" else [*use.inputs, operation.kernel]
        return _einsum(operation.subscripts if name == "Einsum" else operation.equation, operands)
    if name in ("Matmul", "Dot", "Tensordot", "Inner"):
        return _product(use, output)
    return _by_kernels(use, output)


def _by_kernels(use: Use, output: list[int]) -> int:
    operation, name = use.operation, use.type_name
    if name in ("Conv", "DepthwiseConv", "SeparableConv", "ConvTranspose"):  # keras.ops, not the layers
        places = places_of(use.inputs[0])[:-1] if name == "ConvTranspose" else output[:-1]
        return math.prod(places) * sum(math.prod(kernel.shape) for kernel in use.operands[1:])
    kernels = sum(math.prod(kernel.shape) for kernel in kernels_of(operation))
    if isinstance(operation, keras.layers.RNN | keras.layers.Bidirectional):
        steps, *spatial, _ = places_of(use.inputs[0])
        return steps * math.prod(spatial and output[-1 - len(spatial) : -1]) * kernels
    if name.endswith("Transpose"):
        output = places_of(use.inputs[0])  # each weight is used once at each place of the input
    return math.prod(output[:-1]) * kernels


def kernels_of(operation: Any) -> list[Any]:
    """Return the matrices of a layer that its inputs are multiplied with."""
    weights = getattr(operation, "weights", [])
    return [weight for weight in weights if weight.name.endswith("kernel") and len(weight.shape) > 1]


def dense_parameters(use: Use) -> int:
    """Return the parameters of a dense layer from all numbers of the input to all of the output, 0 without a kernel."""
    if not kernels_of(use.operation):
        return 0
    outputs = math.prod(places_of(use.outputs[0]))
    return math.prod(places_of(use.inputs[0])) * outputs + outputs


def places_of(tensor: Any) -> list[int]:
    """Return the shape of a tensor without the batch; an axis of unknown length counts once."""
    return [1 if size is None else int(size) for size in tensor.shape[1:]]


def _attention(use: Use) -> int:
    """Return the four projections, and each query with each key and each weight with each value."""
    config = use.operation.get_config()
    query, value = (places_of(tensor) for tensor in use.inputs[:2])
    grouped = "head_dim" in config
    heads = config["num_query_heads" if grouped else "num_heads"]
    width = 2 * config["head_dim"] if grouped else config["key_dim"] + config["value_dim"]
    first, *others = (math.prod(kernel.shape) for kernel in kernels_of(use.operation))
    asked, known = math.prod(query[:-1]), math.prod(value[:-1])
    projections = asked * (first + others[-1]) + known * sum(others[:-1])
    axes = config.get("attention_axes") or range(1, len(query))
    return projections + asked * math.prod(value[axis - 1] for axis in axes) * heads * width


def _einsum(equation: str, operands: Sequence[Any]) -> int:
    """Return the product of the lengths of all axes but the batch, 0 where no axis is summed over."""
    left, arrow, right = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) < 2 or (arrow and set(left) <= {*right, ","}):
        return 0
    lengths: dict[str, int] = {}
    for term, operand in zip(terms, operands, strict=True):
        shape = [1 if size is None else int(size) for size in operand.shape]
        head, dots, tail = term.partition("...")
        # What "..." stands for is named from its end: that is how it is broadcast.
        between = [f".{len(shape) - len(head) - len(tail) - i}" for i in range(len(shape) - len(head) - len(tail))]
        for axis, size in zip([*head, *(between if dots else []), *tail], shape, strict=True):
            lengths[axis] = max(lengths.get(axis, 1), size)
    return math.prod(lengths.values())


def _product(use: Use, output: list[int]) -> int:
    """Return the size of a matrix product times the length of what is summed over."""
    shape, axes = use.operands[0].shape, [-1]
    if use.type_name == "Tensordot":
        given = use.operation.axes
        axes = list(range(-given, 0)) if isinstance(given, int) else list(keras.tree.flatten(given[0]))
    elif isinstance(use.operation, keras.layers.Layer):  # keras.layers.Dot
        given = use.operation.axes
        axes = [given if isinstance(given, int) else given[0]]
    return math.prod(output) * math.prod(int(shape[axis] or 1) for axis in axes)


# Receptive fields.


@dataclass(frozen=True)
class Reach:
    """How far a place of a tensor sees, and how far its neighbour is, along each axis of the backbone's input."""

    field: tuple[float, ...]
    stride: tuple[float, ...]

    @classmethod
    def none(cls, rank: int) -> Reach:
        """Return the reach of the input itself."""
        return cls((1.0,) * rank, (1.0,) * rank)


def reach_of(use: Use, known: dict[int, Reach], size: Sequence[int]) -> Reach:
    """Return the reach of an operation's output from those of its inputs; `size` is the backbone's input, in places.

    What reshapes a map, or looks at all of it, is said to see all.
    """
    rank = len(size)
    inputs = [known.get(id(tensor), Reach.none(rank)) for tensor in use.inputs]
    widest = Reach(
        tuple(max((r.field[i] for r in inputs), default=1.0) for i in range(rank)),
        tuple(max((r.stride[i] for r in inputs), default=1.0) for i in range(rank)),
    )
    if not rank or not use.inputs:
        return widest
    source, output = places_of(use.inputs[0]), places_of(use.outputs[0])
    if len(source) != rank + 1:
        if len(output) != rank + 1:
            return widest
        return Reach(widest.field, tuple(length / out for length, out in zip(size, output[:-1], strict=True)))
    window = _axes(getattr(use.operation, "kernel_size", None) or getattr(use.operation, "pool_size", None), rank)
    if window is not None:
        return _through_window(use, widest, window, rank)
    factor = _axes(getattr(use.operation, "size", None), rank)
    if factor is not None:  # upsampling
        return Reach(widest.field, tuple(s / f for s, f in zip(widest.stride, factor, strict=True)))
    if use.type_name == "GetItem" and len(output) == len(source):  # every second place, as patches are merged
        steps = [max(1, round(size / out)) for size, out in zip(source[:-1], output[:-1], strict=True)]
        return Reach(widest.field, tuple(s * step for s, step in zip(widest.stride, steps, strict=True)))
    gone = len(output) != len(source)
    pooled = len(output) == len(source) and output[:-1] == [1] * rank != source[:-1]
    if gone or pooled or _mixes_places(use):
        return Reach(tuple(max(f, float(s)) for f, s in zip(widest.field, size, strict=True)), widest.stride)
    return widest


def _through_window(use: Use, before: Reach, window: tuple[float, ...], rank: int) -> Reach:
    strides = _axes(getattr(use.operation, "strides", None), rank) or window
    dilation = _axes(getattr(use.operation, "dilation_rate", 1), rank) or (1,) * rank
    field = tuple(f + (k - 1) * d * s for f, k, d, s in zip(before.field, window, dilation, before.stride, strict=True))
    transposed = use.type_name.endswith("Transpose")
    stride = tuple(s / step if transposed else s * step for s, step in zip(before.stride, strides, strict=True))
    return Reach(field, stride)


def _mixes_places(use: Use) -> bool:
    """Return whether every place of the output looks at every place of the input."""
    kinds = keras.layers.MultiHeadAttention | keras.layers.GroupQueryAttention | keras.layers.RNN
    return isinstance(use.operation, kinds | keras.layers.Bidirectional) or use.type_name == "Attention"


def _axes(value: Any, rank: int) -> tuple[float, ...] | None:
    """Return a setting for each axis; None where it is no such setting."""
    if isinstance(value, int) and not isinstance(value, bool):
        return (value,) * rank
    return tuple(value) if isinstance(value, list | tuple) and len(value) == rank else None
