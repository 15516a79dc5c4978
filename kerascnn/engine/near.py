"""Pairs of hashes that differ in a few bits: pictures that were scaled, compressed or cropped by a little."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise

import numpy as np

MOST_PAIRS = 1_000_000
"""No more pairs are returned: where there are more, the hashes tell nothing apart."""
_SHARED = 3
_BLOCK = 1 << 20
_WHOLE = 32


def near_pairs(hashes: Sequence[int], distance: int) -> list[tuple[int, int]]:
    """Return the index pairs (i, j), i < j, of 64-bit hashes that differ in at most `distance` bits, in order.

    Every pair is found, with one exception: of more than 32 equal hashes, only pairs with the first of them are
    returned, which links the same indices to one another. At most MOST_PAIRS pairs are returned.

    >>> near_pairs([0b0000, 0b1111, 0b0001, 0b0000], 1)
    [(0, 2), (0, 3), (2, 3)]
    """
    values, inverse = np.unique(np.asarray(hashes, dtype="uint64"), return_inverse=True)
    order = np.argsort(inverse, kind="stable")
    members = np.split(order, np.cumsum(np.bincount(inverse, minlength=len(values)))[:-1]) if len(values) else []
    some = [group if len(group) <= _WHOLE else group[:1] for group in members]
    found: set[tuple[int, int]] = set()
    for group in members:
        first = group.tolist()
        found.update(combinations(first, 2) if len(first) <= _WHOLE else ((first[0], other) for other in first[1:]))
    for left, right in _near(values, distance):
        for a, b in zip(left.tolist(), right.tolist(), strict=True):
            found.update((min(i, j), max(i, j)) for i in some[a].tolist() for j in some[b].tolist())
        if len(found) > MOST_PAIRS:
            break
    return sorted(found)[:MOST_PAIRS]


def _near(values: np.ndarray, distance: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the pairs of different values that are near, in parts; a pair may come more than once.

    Cut into `distance + 3` bands of bits, two near values are equal in 3 bands at least. So only values that are equal
    in 3 bands need be compared, for every choice of 3.
    """
    edges = np.linspace(0, 64, distance + _SHARED + 1).round().astype(int)
    bands = [(1 << int(end)) - (1 << int(start)) for start, end in pairwise(edges)]
    for chosen in combinations(bands, _SHARED):
        keys = values & np.uint64(sum(chosen))
        order = np.argsort(keys)
        change = np.diff(keys[order]) != 0
        starts: np.ndarray = np.flatnonzero(np.r_[len(keys) > 0, change])
        counts = np.diff(np.r_[starts, len(keys)])
        # For each element in sorted order, how many others with the same key follow it.
        following = np.repeat(starts + counts, counts) - np.arange(len(keys)) - 1
        yield from _compare(values, order, following, distance)


def _compare(
    values: np.ndarray, order: np.ndarray, following: np.ndarray, distance: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the near ones among each element and those that follow it, about a million candidates at a time."""
    ends = np.cumsum(following)
    start = 0
    while start < len(following):
        done = int(ends[start - 1]) if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, done + _BLOCK, side="right")))
        here = following[start:stop]
        left = np.repeat(np.arange(start, stop), here)
        offsets = np.arange(len(left)) - np.repeat(np.cumsum(here) - here, here)
        first, second = order[left], order[left + 1 + offsets]
        near = np.bitwise_count(values[first] ^ values[second]) <= distance
        if near.any():
            yield first[near], second[near]
        start = stop
