"""Pairs of hashes that differ in a few bits."""

import time
from itertools import combinations

import numpy as np
import pytest

from kerascnn.engine import near
from kerascnn.engine.near import near_pairs


def by_hand(hashes: list[int], distance: int) -> list[tuple[int, int]]:
    return [(i, j) for i, j in combinations(range(len(hashes)), 2) if (hashes[i] ^ hashes[j]).bit_count() <= distance]


def test_a_known_few() -> None:
    hashes = [0b0000, 0b1111, 0b0001, 0b0000, 1 << 63]
    assert near_pairs(hashes, 0) == [(0, 3)]
    assert near_pairs(hashes, 1) == [(0, 2), (0, 3), (0, 4), (2, 3), (3, 4)]
    assert near_pairs(hashes, 3) == [(0, 2), (0, 3), (0, 4), (1, 2), (2, 3), (2, 4), (3, 4)]


@pytest.mark.parametrize("hashes", [[], [7], [7, ~7 & (2**64 - 1)]])
def test_where_nothing_is_near_there_are_no_pairs(hashes: list[int]) -> None:
    assert near_pairs(hashes, 4) == []


@pytest.mark.parametrize("distance", [0, 1, 2, 4, 7])
@pytest.mark.parametrize("share", [0.03, 0.1, 0.5])
def test_every_pair_is_found(distance: int, share: float) -> None:
    chance = np.random.default_rng(distance)
    bits = chance.random((150, 64)) < share
    bits[100:] = bits[:50] ^ (chance.random((50, 64)) < 0.04)
    hashes = [int.from_bytes(np.packbits(row).tobytes(), "big") for row in bits]
    assert near_pairs(hashes, distance) == by_hand(hashes, distance)


def test_a_difference_at_any_place_is_found() -> None:
    for spread in ((0, 1, 2, 3), (60, 61, 62, 63), (0, 21, 42, 63), (9, 18, 27, 36)):
        assert near_pairs([0, sum(1 << bit for bit in spread)], 4) == [(0, 1)]
        assert near_pairs([0, sum(1 << bit for bit in spread)], 3) == []


def test_many_equal_hashes_are_linked_by_the_first() -> None:
    assert near_pairs([5] * 4, 4) == list(combinations(range(4), 2))
    assert near_pairs([5] * 100, 4) == [(0, i) for i in range(1, 100)]
    linked = near_pairs([5] * 100 + [4], 4)
    assert linked == [(0, i) for i in range(1, 101)]


def test_there_are_no_more_pairs_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near, "MOST_PAIRS", 10)
    assert len(near_pairs(list(range(16)), 4)) == 10


def test_many_hashes_take_seconds() -> None:
    hashes = np.random.default_rng(0).integers(0, 2**63, 100_000, dtype="uint64")
    hashes[90_000:] = hashes[:10_000] ^ np.uint64(0b1011)
    start = time.perf_counter()
    assert near_pairs(hashes.tolist(), 4) == [(i, i + 90_000) for i in range(10_000)]
    assert time.perf_counter() - start < 20
