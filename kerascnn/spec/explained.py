"""What an explainer is given: elements as a trained network sees them, and what its answers come from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Features:
    """Feature maps inside the network, and how the score would change with them."""

    name: str
    """The layer that gives them."""
    values: np.ndarray
    """float32 `(n, *places, channels)`."""
    gradients: np.ndarray
    """Of the score with respect to each value, in the same shape."""
    spread: Callable[[np.ndarray], np.ndarray]
    """Brings a map over their places, `(n, *places)`, to the places of the network's input."""


@dataclass(frozen=True)
class Attention:
    """What places looked at, block after block."""

    shares: list[np.ndarray]
    """Of each block, the first of them first, how much of what each token looked at was each other one: float32
    `(n, tokens, tokens)`, rows that sum up to 1, means over the heads."""
    first: int
    """Tokens before those of places: 1 where one stands for the whole element, else 0."""
    spread: Callable[[np.ndarray], np.ndarray]
    """Brings a map over the tokens of places, `(n, tokens - first)`, to the places of the network's input."""


class Explained(ABC):
    """Elements and the answers to be explained, one for each.

    The score of an answer is what the network computes before its softmax or sigmoid; the log-odds of the probability
    where there is no such number; and a number itself. Of a mask it is the mean over the pixels that are said to be of
    the class, of boxes that of the place with the highest probability of the class.
    """

    inputs: np.ndarray
    """What the backbone gets, float32 `(n, *places, channels)`: pictures `(n, h, w, c)`, series `(n, steps, c)`, the
    vectors of tokens `(n, tokens, size)`, sounds `(n, samples, c)` or `(n, frames, bands, 1)`."""
    empty: np.ndarray
    """What stands for nothing there, one for all, `(*places, channels)`: a black picture, padding, zeros."""

    @abstractmethod
    def cover(self, element: np.ndarray) -> np.ndarray:
        """Return the channels `(channels,)` that say nothing in this element: their means, or a text's padding."""

    @abstractmethod
    def scores(self, inputs: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return the score of each of these inputs, float32 `(m,)`; `rows` says whose answer each is asked for."""

    @abstractmethod
    def gradients(self, inputs: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return the gradient of the score with respect to each of these inputs, in their shape."""

    @abstractmethod
    def features(self, layer: str | None) -> list[Features]:
        """Return the maps of a feature or a layer of the backbone; None: the deepest that have more than one place.

        They are several where the network has them side by side. Raises UsageError where there are none.
        """

    @abstractmethod
    def attention(self) -> Attention:
        """Return what the places of the last blocks looked at, of which each looks at all. Raises UsageError."""
