"""Pictures changed so that a network answers wrongly: FGSM and PGD on its own gradients, within a few levels of bytes.

The network is taken as it is used, from raw bytes on. After each step values are rounded to whole bytes and cut off at
0 and 255, so each result is a picture that a file could hold; an attack on real numbers could be a little stronger.
"""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np

from kerascnn.engine.corruptions import whole_bytes
from kerascnn.engine.gradients import Gradients
from kerascnn.engine.network import Network
from kerascnn.engine.predict import Predictor, at_a_time
from kerascnn.engine.temperature import without_temperature
from kerascnn.spec import Task

STEPS = 10
"""Of PGD."""
_SHARE = 8
"""A gradient takes about as many times the memory of an answer."""


class Attacks:
    """A classifier of pictures and the gradients of its loss with respect to the bytes that it is given."""

    def __init__(self, model: keras.Model, task: Task, labels: Sequence[str]):
        """Take a saved model. Raises UsageError for one that is not made of a backbone and a head."""
        model = without_temperature(model)
        network = Network(model, task, labels)
        # Bytes have no gradients: the same layers are put behind an input of real numbers.
        values = keras.Input(model.input_shape[1:], dtype="float32", name="values")
        prepared = values
        if network.prepare is not None:
            given = keras.tree.map_structure(lambda _: values, network.prepare.input)
            front = keras.models.clone_model(network.prepare, given, clone_function=lambda layer: layer)
            prepared = front.output
        self.scores = keras.Model([values], network.tail(prepared))
        self.odds = network.odds
        self._gradients = Gradients(self.scores, 1, odds=network.odds)
        self._many = max(1, at_a_time(model.input_shape[1:]) // _SHARE)

    @classmethod
    def of(cls, predictor: Predictor) -> Attacks:
        """Return the attacks on the network of a run."""
        return cls(predictor.model, predictor.task, predictor.labels)

    def fgsm(self, pictures: np.ndarray, truth: np.ndarray, strength: int) -> np.ndarray:
        """Change each byte by `strength` levels in the direction in which the loss grows.

        The fast gradient sign method (Goodfellow et al. 2014, arXiv:1412.6572). Shapes: uint8 pictures
        `(n, h, w, c) -> (n, h, w, c)`, truth `(n,)` numbers of classes.
        """
        return whole_bytes(pictures + strength * np.sign(self.gradients(pictures, truth)))

    def pgd(
        self, pictures: np.ndarray, truth: np.ndarray, strength: int, *, seed: int = 0, first: int = 0
    ) -> np.ndarray:
        """Take 10 smaller steps that never lead further than `strength` levels from the picture, from a random start.

        Projected gradient descent (Madry et al. 2017, arXiv:1706.06083); a picture whose answer has become wrong is
        left. The first picture has the number `first` among all that are drawn for.
        """
        near = pictures.astype("int16")
        low, high = (near - strength).clip(0, 255), (near + strength).clip(0, 255)
        draws = [np.random.default_rng([seed, strength, first + i]) for i in range(len(near))]
        noise = [draw.integers(-strength, strength, pictures.shape[1:], "int16", endpoint=True) for draw in draws]
        now = (near + np.array(noise, "int16").reshape(near.shape)).clip(0, 255)
        left = np.arange(len(now))
        for _ in range(STEPS):
            scores = self.answers(now[left])
            right = scores.argmax(1) == truth[left]
            left = left[right]
            if not len(left):
                break
            found = self.gradients(now[left], truth[left], scores[right])
            moved = now[left] + step_of(strength) * np.sign(found)
            now[left] = whole_bytes(moved).astype("int16").clip(low[left], high[left])
        return now.astype("uint8")

    def answers(self, pictures: np.ndarray) -> np.ndarray:
        """Return the scores of the classes, before their softmax where the network has one, float32 `(n, classes)`."""
        values = np.asarray(pictures, "float32")
        parts = [self._answers(values[part]) for part in self._parts(len(values))]
        return np.concatenate(parts) if parts else np.zeros((0, self.scores.output_shape[-1]), "float32")

    def gradients(self, pictures: np.ndarray, truth: np.ndarray, scores: np.ndarray | None = None) -> np.ndarray:
        """Return the gradient of each picture's cross-entropy, but for a factor of each that is larger than 0.

        `scores` are the answers for these pictures, where they are known.
        """
        values = np.asarray(pictures, "float32")
        weights = loss_weights(self.answers(values) if scores is None else scores, truth, odds=self.odds)
        parts = [self._gradients([values[part]], weights[part])[0] for part in self._parts(len(values))]
        return np.concatenate(parts) if parts else np.zeros_like(values)

    def _answers(self, values: np.ndarray) -> np.ndarray:
        # PGD asks for ever fewer: what is compiled for each number of pictures is so for powers of two alone.
        more = (1 << (len(values) - 1).bit_length()) - len(values)
        filled = np.concatenate([values, np.repeat(values[:1], more, 0)])
        return np.asarray(self.scores.predict_on_batch(filled), "float32")[: len(values)]

    def _parts(self, count: int) -> list[slice]:
        return [slice(start, min(start + self._many, count)) for start in range(0, count, self._many)]


def step_of(strength: int) -> int:
    """Return how many levels a step of PGD takes: a quarter of its strength, as in the paper, and at least one."""
    return max(1, round(strength / 4))


def loss_weights(scores: np.ndarray, truth: np.ndarray, *, odds: bool) -> np.ndarray:
    """Return what the scores are to be weighted with so that their sum grows as the cross-entropy does.

    Its derivatives by the scores z are p - 1 for the true class and p for others, so over 1 - p they are softmax of the
    others' scores: the same direction, which stays exact where the network is so sure that p is rounded to 1. With
    `odds` the scores are probabilities, whose log-odds grow as the cross-entropy falls.
    """
    rows = np.arange(len(scores))
    weights = np.zeros(scores.shape, "float64")
    if not odds:
        others = np.asarray(scores, "float64").copy()
        others[rows, truth] = -np.inf
        weights = np.exp(others - others.max(1, keepdims=True, initial=-np.inf))
        weights /= weights.sum(1, keepdims=True)
    weights[rows, truth] = -1.0
    return weights.astype("float32")
