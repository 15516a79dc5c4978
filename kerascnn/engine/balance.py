"""Balanced sampling: every class comes equally often in a pass over the training samples."""

from __future__ import annotations

from typing import Any

import numpy as np

from kerascnn.errors import DataError

_BALANCE = 3
"""The stream's own purposes are 1 and 2."""


def balanced(indices: np.ndarray, classes: Any, *, seed: int = 0, turn: int = 0, each: int | None = None) -> np.ndarray:
    """Return indices in which every class comes equally often, `each` times; left out: as often as the largest class.

    `classes` are the answers of `indices`, class numbers `(n,)`; numbers that none has are left alone. Each class goes
    round its samples in an order drawn from the seed, and turn t goes on where turn t - 1 ended: within a turn, and
    over turns 0 to t, two samples of a class differ by one time at the most. Classes alternate: any stretch of the
    result that is as long as there are classes holds each once. The same arguments give the same array.

    Raises DataError for samples of several classes, of which no repetition makes all equally frequent.

    >>> balanced(np.array([5, 6, 7, 8]), np.array([0, 0, 0, 1])).tolist().count(8)
    3
    """
    # Boxes come as a list of arrays.
    numbers = classes if isinstance(classes, np.ndarray) else np.zeros((0, 0))
    if numbers.shape != np.shape(indices) or numbers.dtype.kind not in "iu":
        raise DataError(
            "balanced sampling needs one class for each sample; for samples of several classes, of masks, boxes or "
            "numbers, leave train.balance at none, and weigh classes with task.class_weights where the task has it"
        )
    present, counts = np.unique(numbers, return_counts=True)
    if not len(present):
        return np.asarray(indices)[:0]
    each = int(counts.max()) if each is None else each
    columns = []
    for number, count in zip(present.tolist(), counts.tolist(), strict=True):
        members = np.asarray(indices)[numbers == number]
        chance = np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, _BALANCE, number])))
        places = (turn * each + np.arange(each)) % count
        columns.append(members[chance.permutation(count)][places])
    return np.stack(columns, axis=1).ravel()
