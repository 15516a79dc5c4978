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


def generator(seed: int | Sequence[int], purpose: int, number: int) -> np.random.Generator:
    """Return the random generator of one purpose and one pass or step."""
    seeds = [seed] if isinstance(seed, int) else list(seed)
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([*seeds, purpose, number])))


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
        seed: int | Sequence[int],
        augment: Sequence[Augmentation] = (),
        share: float = 1.0,
        turn: Callable[[int], np.ndarray] | None = None,
    ):
        self.take, self.indices, self.answers, self.finish, self.kind = take, indices, answers, finish, kind
        self.batch_size = min(batch_size, len(indices))
        self.seed, self.augment, self.share = seed, augment if share else (), share
        self.turn = turn
        self._pass: tuple[int, np.ndarray] = (-1, indices)

    @property
    def steps_per_epoch(self) -> int:
        """Number of steps in which every sample comes once."""
        return -(-len(self.indices) // self.batch_size)

    def positions(self, step: int) -> np.ndarray:
        """Return which of the samples make up the batch of a step, counted from 0."""
        return np.concatenate([places for _, places in self._parts(step)])

    def _parts(self, step: int) -> Iterator[tuple[int, np.ndarray]]:
        """Yield the passes that a step has samples of, and which those are, counted from 0."""
        n = len(self.indices)
        first = step * self.batch_size
        for number in range(first // n, (first + self.batch_size - 1) // n + 1):
            low, high = max(first, number * n), min(first + self.batch_size, (number + 1) * n)
            yield number, self._permutation(number)[low - number * n : high - number * n]

    def _of_pass(self, number: int) -> np.ndarray:
        return self.indices if self.turn is None else self.turn(number)

    def batch(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the augmented elements and the targets of a step.

        Where only a share is augmented, each step draws which; mixing takes partners from the whole batch.
        """
        chosen = np.concatenate([self._of_pass(number)[places] for number, places in self._parts(step)])
        images, answers = self.take(chosen), self.answers(chosen)
        if not self.augment:
            return images, self.finish(answers)
        rng = generator(self.seed, _AUGMENT, step)
        changed = np.ones(len(chosen), bool) if self.share == 1 else rng.random(len(chosen)) < self.share
        if self.kind == "mask":
            batch = augmented(Batch(images, masks=answers), self.augment, rng)
            return _some(changed, batch.images, images), self.finish(_some(changed, batch.masks, answers))
        if self.kind == "boxes":
            boxes = [Boxes(rows[:, 1:], rows[:, 0]) for rows in answers]
            batch = augmented(Batch(images, boxes=boxes), self.augment, rng)
            found = [np.column_stack([of.labels, of.places]).astype("float32") for of in batch.boxes or ()]
            kept = [new if is_new else old for is_new, new, old in zip(changed, found, answers, strict=True)]
            return _some(changed, batch.images, images), self.finish(kept)
        targets = self.finish(answers)
        batch = augmented(Batch(images, targets), self.augment, rng)
        assert batch.targets is not None
        return _some(changed, batch.images, images), _some(changed, batch.targets, targets)

    def targets(self, indices: np.ndarray) -> np.ndarray:
        """Return the targets of samples that are not augmented."""
        return self.finish(self.answers(indices))

    def _permutation(self, number: int) -> np.ndarray:
        if self._pass[0] != number:
            self._pass = (number, generator(self.seed, _ORDER, number).permutation(len(self.indices)))
        return self._pass[1]


def _some(changed: np.ndarray, new: Any, old: Any) -> np.ndarray:
    """Return the new elements where they are wanted, else the old ones."""
    if changed.all():
        return np.asarray(new)
    return np.where(changed.reshape(-1, *(1,) * (np.ndim(new) - 1)), new, old)


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
