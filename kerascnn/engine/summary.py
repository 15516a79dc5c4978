"""What a network is, without training it or giving it memory: shapes, parameters, operations, receptive fields."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import keras

from kerascnn.engine.build import Built, build, precision_policy
from kerascnn.spec import DataInfo, Spec


@dataclass(frozen=True)
class _Reach:
    """Receptive field and stride of a tensor, in pixels of the backbone's input."""

    field: tuple[float, float] = (1, 1)
    stride: tuple[float, float] = (1, 1)


def summarize(spec: Spec, info: DataInfo) -> dict[str, Any]:
    """Return what `kerascnn summary --json` prints. Raises BuildError.

    `flops` counts each multiplication and each addition of convolutions and dense layers (two for one multiply-add) for
    one element; `memory_bytes` is what a training step needs in float32: weights, gradients and two moments of the
    optimizer, and the activations of a batch of the spec's size. `receptive_field` is how far an output sees, along the
    longer side, in pixels of the picture that the backbone gets (after `model.preprocess`).
    """
    # Keras keeps a list, for each thread, of the weights that were not made, and makes them all at some later time:
    # in a thread of its own that list goes with the thread.
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(_summarize, spec, info).result()


def _summarize(spec: Spec, info: DataInfo) -> dict[str, Any]:
    # Inside the scope no weight is made, so that a network of any size costs nothing to look at.
    with keras.StatelessScope(initialize_variables=False), precision_policy("float32"):
        built = build(spec, info)
        rows = list(_rows(built))
        parameters = built.model.count_params()
        trainable = int(sum(math.prod(weight.shape) for weight in built.model.trainable_weights))
        activations = sum(math.prod(row["output_shape"]) for row in rows)
    return {
        "name": spec.name,
        "parameters": int(parameters),
        "trainable_parameters": trainable,
        "flops": sum(row["flops"] for row in rows),
        "memory_bytes": 4 * (4 * int(parameters) + activations * spec.train.batch_size),
        "input_shape": list(info.shape),
        "output_shape": list(built.model.output_shape[1:]),
        "layers": rows,
    }


def _rows(built: Built) -> Iterator[dict[str, Any]]:
    sees: dict[str, _Reach] = {}
    for part in (built.model, built.backbone, built.head):
        # What the backbone's features see is where the head begins.
        reach = {id(tensor): sees[name] for name, tensor in part.input.items()} if part is built.head else {}
        for operation in part.operations:
            if isinstance(operation, keras.layers.InputLayer | keras.Model):
                continue
            found = _reach(operation, reach, built.backbone.input.shape[1:], spatial=part is not built.model)
            for produced in keras.tree.flatten(operation.output):
                reach[id(produced)] = found
            shape = [int(size) for size in keras.tree.flatten(operation.output)[0].shape[1:]]
            yield {
                "name": operation.name,
                "type": type(operation).__name__,
                "spec_path": built.trace.paths.get(id(operation), ""),
                "output_shape": shape,
                "parameters": int(operation.count_params()) if isinstance(operation, keras.layers.Layer) else 0,
                "flops": _flops(operation, shape),
                "receptive_field": round(max(found.field)),
            }
        if part is built.backbone:
            sees = {name: reach.get(id(tensor), _Reach()) for name, tensor in part.output.items()}


def _flops(operation: Any, output_shape: list[int]) -> int:
    """Return two for each multiply-add: every weight of a kernel is used once at each place of the output."""
    kernels = [weight for weight in getattr(operation, "weights", []) if len(weight.shape) > 1]
    if not kernels or isinstance(operation, keras.layers.Embedding):
        return 0
    places = output_shape[:-1]
    if type(operation).__name__.endswith("Transpose"):
        places = list(operation.input.shape[1:-1])  # each weight is used once at each place of the input
    return 2 * math.prod(places) * sum(math.prod(kernel.shape) for kernel in kernels)


def _reach(operation: Any, known: dict[int, _Reach], size: Sequence[int], *, spatial: bool) -> _Reach:
    """Return the receptive field of an operation's output from those of its inputs; `size` is the network's input."""
    source = keras.tree.flatten(operation.input)
    inputs = [known.get(id(tensor), _Reach()) for tensor in source]
    widest = _Reach(
        (max(r.field[0] for r in inputs), max(r.field[1] for r in inputs)),
        (max(r.stride[0] for r in inputs), max(r.stride[1] for r in inputs)),
    )
    if not spatial or len(size) != 3:
        return widest
    rank = len(source[0].shape)
    if rank == 4 and (len(operation.output.shape) < 4 or type(operation).__name__.startswith("Global")):
        return _Reach((size[0], size[1]), widest.stride)
    window = getattr(operation, "kernel_size", None) or getattr(operation, "pool_size", None)
    if window is None or rank != 4:
        factor = getattr(operation, "size", None)
        if factor is not None and rank == 4:  # upsampling
            return _Reach(widest.field, tuple(s / f for s, f in zip(widest.stride, factor, strict=True)))
        return widest
    strides = getattr(operation, "strides", None) or window
    dilation = getattr(operation, "dilation_rate", (1, 1))
    dilation = (dilation, dilation) if isinstance(dilation, int) else dilation
    field = tuple(f + (k - 1) * d * s for f, k, d, s in zip(widest.field, window, dilation, widest.stride, strict=True))
    transposed = type(operation).__name__.endswith("Transpose")
    stride = tuple(s / step if transposed else s * step for s, step in zip(widest.stride, strides, strict=True))
    return _Reach(field, stride)
