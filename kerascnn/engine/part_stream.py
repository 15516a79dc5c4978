"""The batches of a stream in parts, for batches that are larger than memory."""

from __future__ import annotations

from copy import copy
from typing import Any

import keras
import numpy as np

from kerascnn.engine.stream import Stream


class PartStream(Stream):
    """The batches of a stream in parts: one after another they have the very samples, augmented in the same way.

    Parts of a batch that cannot be divided evenly differ by one sample.
    """

    def __init__(self, whole: Stream, parts: int):
        self.__dict__.update(whole.__dict__)
        self.whole, self.parts = whole, parts
        self.batch_size = -(-whole.batch_size // parts)
        self._last: tuple[int, Any] = (-1, None)

    @property
    def steps_per_epoch(self) -> int:
        """Number of parts in which every sample comes once."""
        return self.parts * self.whole.steps_per_epoch

    def positions(self, step: int) -> np.ndarray:
        """Return which of the samples make up a part."""
        found = self.whole.positions(step // self.parts)
        return found[self._slice(step, len(found))]

    def __copy__(self) -> PartStream:
        return PartStream(copy(self.whole), self.parts)

    def batch(self, step: int) -> tuple[Any, Any]:
        """Return the elements and the targets of a part."""
        number = step // self.parts
        if self._last[0] != number:
            self._last = (number, self.whole.batch(number))
        elements, targets = self._last[1]
        part = self._slice(step, len(keras.tree.flatten(targets)[0]))
        return keras.tree.map_structure(lambda array: array[part], (elements, targets))

    def _slice(self, step: int, samples: int) -> slice:
        i = step % self.parts
        return slice(samples * i // self.parts, samples * (i + 1) // self.parts)
