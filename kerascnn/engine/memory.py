"""How much memory a training step will take, from the network's form alone."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras

from kerascnn.engine.costs import Use, places_of
from kerascnn.spec.kinds import Optimizer

FLOAT = 4
"""Bytes of a float32."""
_IN_FLIGHT = 2
"""Gradients of the largest map that are there at once while they are handed on."""
PROGRAM = 5 * 2**19
"""Bytes that the traced step itself takes for each layer: TensorFlow's, by benchmarks/memory_forecast.py."""
_VIEWS = frozenset({"Reshape", "Flatten", "ExpandDims", "Squeeze"})
_FORGET = re.compile(
    r"Add|Subtract|Average|Concatenate|Permute|Transpose|GetItem|Pad|Resizing|Rescaling|Mean|Sum"
    r"|(ZeroPadding|Cropping|UpSampling|AveragePooling|GlobalAveragePooling)[123]D"
)
_FROM_OUTPUT = frozenset({"relu", "relu6", "sigmoid", "tanh", "softmax", "leaky_relu", "elu"})
_STEPS = {"gelu": 3, "silu": 2, "swish": 2, "hard_silu": 2, "mish": 3}
_LENGTHS = (2, 3, 5, 7, 11, 13)


@dataclass(frozen=True)
class Forecast:
    """Bytes that a training step needs in float32, beyond those of the libraries and the data."""

    batch_size: int
    stage: int
    """Number of the stage of training that needs the most, from 0."""
    weights: int
    gradients: int
    optimizer: int
    """What the optimizer keeps for each weight that is trained: moments, an average, gradients of several steps."""
    activations: int
    """What the backward pass needs of a batch, and the gradients that are handed on."""
    program: int
    """What the backend makes of the step before it runs: its graph and the code for it."""

    @property
    def total(self) -> int:
        """All of it."""
        return self.weights + self.gradients + self.optimizer + self.activations + self.program


def kept_numbers(uses: Iterable[Use], same: Mapping[int, int]) -> int:
    """Return how many numbers of one element the backward pass needs, and those of the largest gradients on their way.

    Nothing is kept before the first weight that is trained. A tensor that several operations need counts once: the
    output of an activation is the input of the next convolution. `same` says, by `id`, which tensors are others.
    """
    sizes: dict[Any, int] = {}
    owner = dict(same)
    live: set[int] = set()
    largest = 0
    for use in uses:
        inputs = [(owner.get(id(tensor), id(tensor)), _size(tensor, use)) for tensor in use.inputs]
        outputs = [(id(tensor), _size(tensor, use)) for tensor in use.outputs]
        if use.type_name in _VIEWS and inputs:
            owner |= {name: inputs[0][0] for name, _ in outputs}
        elif getattr(use.operation, "trainable_weights", []) or any(name in live for name, _ in inputs):
            live |= {name for name, _ in outputs}
            largest = max(largest, *(size for _, size in outputs))
            if not _FORGET.fullmatch(use.type_name):
                sizes |= _kept(use, inputs, outputs)
    return sum(sizes.values()) + _IN_FLIGHT * largest


def optimizer_numbers(optimizer: Optimizer, shapes: Sequence[Sequence[int]], accumulate: int = 1) -> int:
    """Return how many numbers an optimizer keeps for weights of these shapes, gradients that it sums up among them.

    It is asked, on small weights of the same rank whose axes can be told apart by their lengths.
    """
    kept: dict[int, list[list[int]]] = {}
    for rank in {len(shape) for shape in shapes}:
        made = optimizer.make(1e-3, accumulate=accumulate)
        before = {id(variable) for variable in made.variables}
        made.build([keras.Variable(keras.ops.zeros(_LENGTHS[:rank]), name="kernel")])
        new = [variable for variable in made.variables if id(variable) not in before]
        kept[rank] = [[int(size) for size in variable.shape] for variable in new]
    return sum(
        math.prod(shape[_LENGTHS.index(size)] if size in _LENGTHS[: len(shape)] else size for size in state)
        for shape in shapes
        for state in kept[len(shape)]
    )


def _kept(use: Use, inputs: list[tuple[int, int]], outputs: list[tuple[int, int]]) -> dict[Any, int]:
    """Return the tensors that the gradient of an operation is computed from, each with its size."""
    function = getattr(getattr(use.operation, "activation", None), "__name__", "linear")
    itself = id(use.operation), outputs[0][0]
    if use.type_name == "Dropout":
        return {itself: outputs[0][1]}
    if use.type_name in ("Activation", "ReLU", "LeakyReLU", "Softmax", "Relu", "Sigmoid", "Tanh"):
        if function in _FROM_OUTPUT or use.type_name != "Activation":
            return dict(outputs)
        return {} if function == "linear" else dict(inputs) | {itself: (_STEPS.get(function, 2) - 1) * outputs[0][1]}
    found: dict[Any, int] = dict(inputs)
    if function in _FROM_OUTPUT or "MaxPool" in use.type_name:
        found |= dict(outputs)
    elif function != "linear":
        found |= {itself: _STEPS.get(function, 2) * outputs[0][1]}
    if isinstance(use.operation, keras.layers.MultiHeadAttention | keras.layers.GroupQueryAttention):
        found[itself] = _inside_attention(use)
    return found


def _inside_attention(use: Use) -> int:
    """Return the numbers of queries, keys, values and what is made of them, and of all attention weights."""
    config = use.operation.get_config()
    heads = config.get("num_heads") or config["num_query_heads"]
    width = config.get("key_dim") or config["head_dim"]
    asked, known = (math.prod(places_of(tensor)[:-1]) for tensor in use.inputs[:2])
    return use.rows * heads * (2 * width * (asked + known) + asked * known)


def _size(tensor: Any, use: Use) -> int:
    return use.rows * math.prod(places_of(tensor))
