"""The order of training: an endless stream of batches that is a pure function of (seed, step).

Sample g of the stream is sample p[g mod n] of pass g div n, p being a permutation drawn for that pass; so every sample
comes once a pass, a batch may hold the end of one pass and the beginning of the next, and any step can be computed
without those before it. Keras's own shuffling is not used: with a seed, TensorFlow repeats one order every epoch.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from queue import Empty, Full, Queue
from typing import Any

import numpy as np

from kerascnn.engine.augment import Batch, Boxes, augmented
from kerascnn.spec import Augmentation

Take = Callable[[np.ndarray], np.ndarray]
"""Gives an array for samples by their numbers."""

_ORDER, _AUGMENT = 1, 2


def generator(seed: int, purpose: int, number: int) -> np.random.Generator:
    """Return the random generator of one purpose and one pass or step."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, purpose, number])))


class Stream:
    """Batches of training samples by step number."""

    def __init__(
        self,
        take: Take,
        indices: np.ndarray,
        answers: Callable[[np.ndarray], Any],
        finish: Callable[[Any], np.ndarray] = np.asarray,
        *,
        kind: str = "class",
        batch_size: int,
        seed: int,
        augment: Sequence[Augmentation] = (),
    ):
        self.take, self.indices, self.answers, self.finish, self.kind = take, indices, answers, finish, kind
        self.batch_size = min(batch_size, len(indices))
        self.seed, self.augment = seed, augment
        self._pass: tuple[int, np.ndarray] = (-1, indices)

    @property
    def steps_per_epoch(self) -> int:
        """Number of steps in which every sample comes once."""
        return -(-len(self.indices) // self.batch_size)

    def positions(self, step: int) -> np.ndarray:
        """Return which of the samples make up the batch of a step, counted from 0."""
        n = len(self.indices)
        first = step * self.batch_size
        chosen = []
        for number in range(first // n, (first + self.batch_size - 1) // n + 1):
            low, high = max(first, number * n), min(first + self.batch_size, (number + 1) * n)
            chosen.append(self._permutation(number)[low - number * n : high - number * n])
        return np.concatenate(chosen)

    def batch(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the augmented elements and the targets of a step."""
        chosen = self.indices[self.positions(step)]
        images, answers = self.take(chosen), self.answers(chosen)
        if not self.augment:
            return images, self.finish(answers)
        rng = generator(self.seed, _AUGMENT, step)
        if self.kind == "mask":
            batch = augmented(Batch(images, masks=answers), self.augment, rng)
            return batch.images, self.finish(batch.masks)
        if self.kind == "boxes":
            boxes = [Boxes(rows[:, 1:], rows[:, 0]) for rows in answers]
            batch = augmented(Batch(images, boxes=boxes), self.augment, rng)
            return batch.images, self.finish(
                [np.column_stack([found.labels, found.places]).astype("float32") for found in batch.boxes or ()]
            )
        batch = augmented(Batch(images, self.finish(answers)), self.augment, rng)
        assert batch.targets is not None
        return batch.images, batch.targets

    def targets(self, indices: np.ndarray) -> np.ndarray:
        """Return the targets of samples that are not augmented."""
        return self.finish(self.answers(indices))

    def _permutation(self, number: int) -> np.ndarray:
        if self._pass[0] != number:
            self._pass = (number, generator(self.seed, _ORDER, number).permutation(len(self.indices)))
        return self._pass[1]


class Prefetch:
    """Batches from a step on, made by a thread while the model works on the one before. Close it when done."""

    def __init__(self, stream: Stream, start: int, depth: int = 4):
        self._queue: Queue[Any] = Queue(depth)
        self._end = threading.Event()
        self.failure: BaseException | None = None
        """What ended the thread early, as it was raised: a backend may wrap it on its way."""
        self._thread = threading.Thread(target=self._work, args=(stream, start), daemon=True, name="batches")
        self._thread.start()

    def __iter__(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        while not self._end.is_set():
            try:
                item = self._queue.get(timeout=0.1)
            except Empty:
                continue
            if isinstance(item, BaseException):
                raise item
            yield item

    def close(self) -> None:
        """End the thread."""
        self._end.set()
        self._thread.join()

    def _work(self, stream: Stream, step: int) -> None:
        while not self._end.is_set():
            try:
                item: Any = stream.batch(step)
            except BaseException as error:  # noqa: BLE001 - raised again in the thread that iterates
                item = self.failure = error
            step += 1
            while not self._end.is_set():
                try:
                    self._queue.put(item, timeout=0.1)
                    break
                except Full:
                    continue
            if isinstance(item, BaseException):
                return
