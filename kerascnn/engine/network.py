"""A trained network as explainers see it: its inputs, its scores, and their gradients anywhere inside."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import keras
import numpy as np

from kerascnn.engine.align import resample, spread
from kerascnn.engine.attention import AttentionBlocks
from kerascnn.engine.gradients import Gradients, scores_of
from kerascnn.engine.predict import Predictor, at_a_time
from kerascnn.engine.taps import Cut, cut, deepest, feeders, named, operation_of, spare_tokens
from kerascnn.engine.temperature import without_temperature
from kerascnn.errors import UsageError
from kerascnn.spec import Attention, Explained, Explainer, Features, Task

_SHARE = 8
"""A gradient takes about as many times the memory of an answer."""
_PROBABILITIES = ("classes", "each_class", "mask", "boxes")


class Network:
    """A loaded model, cut where explainers look into it; each cut and its gradients are made once."""

    def __init__(self, model: keras.Model, task: Task, labels: Sequence[str], *, sees_last: bool = False):
        # A temperature changes no order of the answers, and it hides the head.
        model = without_temperature(model)
        self.model, self.task, self.labels, self.sees_last = model, task, tuple(labels), sees_last
        head = operation_of(model.output)
        names = [layer.name for layer in model.layers]
        if head.name != "head" or "backbone" not in names:
            raise UsageError(f"the model is not made of a backbone and a head, but of {', '.join(names)}")
        self.backbone = model.get_layer("backbone")
        prepared = feeders(feeders(model.output)[0])[0]
        self.prepare = None if prepared is model.input else keras.Model(model.input, prepared)
        self.score_head, self.odds = _before_probabilities(head, task)
        # Only these lead to the answer.
        self.used = {name: self.backbone.output[name] for name in head.input}
        self.tail = keras.Model(self.backbone.input, self.score_head(self.used))
        self._cuts: dict[tuple[int, ...], tuple[Cut, Gradients]] = {}

    @classmethod
    def of(cls, predictor: Predictor) -> Network:
        """Return the network of a run."""
        last = bool(getattr(predictor.spec.model.backbone, "sees_last", False))
        return cls(predictor.model, predictor.task, predictor.labels, sees_last=last)

    def inputs(self, elements: np.ndarray) -> np.ndarray:
        """Return what the backbone gets of elements in the model's form, float32."""
        if self.prepare is None:
            return np.asarray(elements, "float32")
        return _predict(self.prepare, [elements], len(elements))[0]

    def look(self, elements: np.ndarray, numbers: Sequence[int]) -> Look:
        """Return these elements, and the answers of these numbers that are to be explained, for an explainer."""
        return Look(self, elements, np.asarray(numbers))

    def taps(self, layer: str | None) -> list[Any]:
        """Return the tensors of feature maps. Raises UsageError."""
        if layer is not None:
            return named(self.backbone, layer)
        return deepest(self.backbone, list(self.used.values())[-1:], sees_last=self.sees_last)

    def gradients_at(self, taps: Sequence[Any]) -> tuple[Cut, Gradients]:
        """Return the network cut at these tensors, and its gradients there. Raises UsageError where there are none."""
        key = tuple(id(tensor) for tensor in taps)
        if key not in self._cuts:
            try:
                found = cut(self.tail, taps)
            except ValueError as error:
                names = ", ".join(operation_of(tensor).name for tensor in taps)
                raise UsageError(f"the answer does not come from {names}, which cannot explain it") from error
            self._cuts[key] = found, Gradients(found.back, len(taps), odds=self.odds)
        return self._cuts[key]

    @cached_property
    def attention(self) -> AttentionBlocks:
        """Where each place looks at all. Raises UsageError where no place does."""
        return AttentionBlocks(self.backbone, list(self.used.values())[-1:])

    @property
    def whole(self) -> Gradients:
        """The gradients with respect to the backbone's input."""
        key = (id(self.backbone.input),)
        if key not in self._cuts:
            network = keras.Model([self.backbone.input], self.tail.output)
            self._cuts[key] = (
                Cut(network, network, (self.backbone.input,)),
                Gradients(network, 1, odds=self.odds),
            )
        return self._cuts[key][1]


class Look(Explained):
    """Elements, and the answers that are asked about."""

    def __init__(self, network: Network, elements: np.ndarray, numbers: np.ndarray):
        self.network = network
        self.inputs = network.inputs(elements)
        nothing = np.zeros_like(elements[:1])
        # Zeros are a series' mean, silence, and padding; black is no zero where pictures are scaled.
        black = network.task.reads == "image"
        self.empty = network.inputs(nothing)[0] if black else np.zeros(self.inputs.shape[1:], "float32")
        answers = _predict(network.tail, [self.inputs], len(elements))[0]
        self.weights = _aims(answers, numbers, network)

    def cover(self, element: np.ndarray) -> np.ndarray:
        """Return the means of the channels; of a text zeros."""
        if self.network.task.reads == "text":
            return np.zeros(element.shape[-1], "float32")
        return np.asarray(element.reshape(-1, element.shape[-1]).mean(0), "float32")

    def scores(self, inputs: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return the score of each input."""
        answers = _predict(self.network.tail, [inputs], len(inputs))[0]
        return scores_of(answers, self.weights[rows], odds=self.network.odds)

    def gradients(self, inputs: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return the gradient of each input's score."""
        many = max(1, at_a_time(inputs.shape[1:]) // _SHARE)
        parts = [slice(start, start + many) for start in range(0, len(inputs), many)]
        return np.concatenate([self.network.whole([inputs[part]], self.weights[rows[part]])[0] for part in parts])

    def features(self, layer: str | None) -> list[Features]:
        """Return feature maps and their gradients."""
        taps = self.network.taps(layer)
        halves, gradients = self.network.gradients_at(taps)
        many = max(1, at_a_time(self.inputs.shape[1:]) // _SHARE)
        values: list[list[np.ndarray]] = []
        found: list[list[np.ndarray]] = []
        for start in range(0, len(self.inputs), many):
            part = self.inputs[start : start + many]
            ends = halves.front.predict_on_batch(part)
            ends = [_array(one) for one in (ends if isinstance(ends, list | tuple) else [ends])]
            values.append([np.asarray(one, "float32") for one in ends[: len(taps)]])
            found.append(gradients(ends, self.weights[start : start + many]))
        source = self.network.backbone.input
        return [
            _features(tap, source, [part[i] for part in values], [part[i] for part in found])
            for i, tap in enumerate(taps)
        ]

    def attention(self) -> Attention:
        """Return what the tokens of the last blocks looked at."""
        blocks = self.network.attention
        many = max(1, at_a_time(self.inputs.shape[1:]) // _SHARE)
        parts = [blocks.shares(self.inputs[start : start + many]) for start in range(0, len(self.inputs), many)]
        size = self.inputs.shape[1:-1]
        return Attention(
            [np.concatenate(block) for block in zip(*parts, strict=True)],
            blocks.first,
            lambda maps: resample(maps.reshape(len(maps), *blocks.grid), size),
        )


def _features(tap: Any, source: Any, values: list[np.ndarray], gradients: list[np.ndarray]) -> Features:
    first = spare_tokens(tap, source)
    return Features(
        operation_of(tap).name,
        np.concatenate(values)[:, first:],
        np.concatenate(gradients)[:, first:],
        lambda maps: spread(maps, tap, source),
    )


def explain(network: Network, explainer: Explainer, elements: np.ndarray, numbers: Sequence[int]) -> np.ndarray:
    """Return a map for each element and the answer of this number, float32 and finite.

    Shapes: pictures `(n, height, width)` at the size of the model's input; series and sounds `(n, steps)`, of a
    spectrogram its frames; texts `(n, tokens)`.
    """
    maps = np.asarray(explainer.explain(network.look(elements, numbers)), "float32")
    reads = network.task.reads
    if reads == "image":
        return resample(maps, elements.shape[1:3])
    return maps if maps.ndim == 2 else maps.sum(-1)


def _aims(answers: np.ndarray, numbers: np.ndarray, network: Network) -> np.ndarray:
    """Return what the answers of each element are multiplied with, so that their sum is the score that is asked for."""
    weights = np.zeros(answers.shape, "float32")
    labels = len(network.labels)
    for row, number in enumerate(numbers.tolist()):
        if network.task.output == "mask":
            there = answers[row].argmax(-1) == number
            # Of a class that is nowhere, all pixels are asked.
            there = there if there.any() else np.ones_like(there)
            weights[row][..., number] = there / there.sum()
        elif network.task.output == "boxes":
            place = np.unravel_index(answers[row][..., number].argmax(), answers.shape[1:-1])
            weights[row][(*place, number)] = 1
        else:
            # A forecast has the same number at several steps: their mean counts.
            wanted = np.arange(answers.shape[-1]) % max(labels, 1) == number
            weights[row] = wanted / wanted.sum()
    return weights


def _before_probabilities(head: keras.Model, task: Task) -> tuple[keras.Model, bool]:
    """Return the head up to its softmax or sigmoid, and whether what it then gives are probabilities."""
    last = operation_of(head.output)
    if isinstance(last, keras.layers.Activation) and last.activation in (
        keras.activations.softmax,
        keras.activations.sigmoid,
    ):
        return keras.Model(head.input, feeders(head.output)[0]), False
    return head, task.output in _PROBABILITIES


def _predict(model: keras.Model, inputs: list[np.ndarray], count: int) -> list[np.ndarray]:
    many = at_a_time(model.input_shape[1:])
    parts = [_array(model.predict_on_batch(inputs[0][start : start + many])) for start in range(0, count, many)]
    return [np.asarray(np.concatenate(parts), "float32")]


def _array(tensor: Any) -> np.ndarray:
    return np.asarray(keras.ops.convert_to_numpy(tensor))
