"""Figures of vectors whose classes are known: pairs at a threshold, and each sample's neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kerascnn.errors import DataError

if TYPE_CHECKING:
    import numpy as np

BINS = 1 << 16
"""Places that cosines are told apart by, -1 to 1."""
QUERIES = 2000
"""Samples whose neighbours are looked for; of a larger split evenly chosen ones."""
_ROWS = 512


@dataclass(frozen=True)
class Point:
    """What a threshold comes to."""

    threshold: float
    """The smallest cosine of a pair that is accepted."""
    false_accepts: float
    """Share of the different pairs that are accepted."""
    true_accepts: float
    """Share of the same pairs that are accepted."""


class Pairs:
    """All pairs of some vectors of length 1, counted by their cosines."""

    def __init__(self, vectors: np.ndarray, classes: np.ndarray):
        """Raise DataError where all classes are one, or no class has two samples."""
        import numpy as np

        self.counts = np.zeros((2, BINS), "int64")
        """Different pairs and same pairs at each place."""
        vectors, classes = np.asarray(vectors, "float32"), np.asarray(classes)
        for start in range(0, len(vectors), _ROWS):
            rows = slice(start, start + _ROWS)
            cosines = vectors[rows] @ vectors[start:].T
            later = np.triu(np.ones(cosines.shape, bool), 1)
            same = classes[rows, None] == classes[None, start:]
            place = ((cosines.astype("float64") + 1) * (BINS / 2)).clip(0, BINS - 1).astype("int64")
            for i, kind in enumerate((later & ~same, later & same)):
                self.counts[i] += np.bincount(place[kind], minlength=BINS)
        self.different, self.same = (int(count) for count in self.counts.sum(1))
        if not self.same:
            raise DataError("no class has two samples here: there are no pairs of the same to verify")
        if not self.different:
            raise DataError("all samples here are of one class: there are no different pairs to tell apart")
        # Accepted from each place on, and nothing at the end.
        accepted = np.concatenate([self.counts[:, ::-1].cumsum(1)[:, ::-1], [[0], [0]]], 1)
        self.accepted = accepted / [[self.different], [self.same]]

    def equal(self) -> Point:
        """Return the threshold at which as many same pairs are refused as different ones accepted."""
        import numpy as np

        false, true = self.accepted
        return self._at(int(np.abs(false - (1 - true)).argmin()))

    def most(self, false_accepts: float) -> Point:
        """Return the lowest threshold that accepts at most this share of the different pairs."""
        return self._at(int((self.accepted[0] <= false_accepts).argmax()))

    def at(self, threshold: float) -> Point:
        """Return what a threshold comes to."""
        import math

        place = min(max(math.ceil((threshold + 1) * (BINS / 2)), 0), BINS)
        return Point(threshold, *(float(share[place]) for share in self.accepted))

    def _at(self, place: int) -> Point:
        """Return the middle of all thresholds that come to the same as that of a place."""
        import numpy as np

        alike = np.flatnonzero((self.accepted == self.accepted[:, place : place + 1]).all(0))
        middle = (int(alike[0]) + int(alike[-1])) / 2
        return Point(middle / (BINS / 2) - 1, *(float(share[place]) for share in self.accepted))


@dataclass(frozen=True)
class Found:
    """What the neighbours of samples say, a number for each sample that was looked for among all others."""

    queries: np.ndarray
    """Which samples these are."""
    first: np.ndarray
    """Whether the nearest other sample is of the same class."""
    fifth: np.ndarray
    """Whether one of the five nearest is."""
    voted: np.ndarray
    """Whether most of the five nearest are; of as many, those with the nearest count."""
    precision: np.ndarray
    """The average precision of all others by their nearness."""
    chance: tuple[float, float, float, float]
    """What the means of these would be of an order drawn at random; of votes, of always naming the largest class."""


def identify(vectors: np.ndarray, classes: np.ndarray) -> Found:
    """Look for samples among all others, by the cosine. Those whose class has no other sample are left out."""
    import numpy as np
    from sklearn.neighbors import NearestNeighbors

    vectors, classes = np.asarray(vectors, "float32"), np.asarray(classes)
    numbers, counts = np.unique(classes, return_counts=True)
    partners = counts[np.searchsorted(numbers, classes)] - 1
    queries = np.flatnonzero(partners)
    if len(queries) > QUERIES:
        queries = queries[np.linspace(0, len(queries) - 1, QUERIES).astype(int)]
    others = len(vectors) - 1
    nearest = NearestNeighbors(n_neighbors=others + 1, algorithm="brute", metric="cosine").fit(vectors)
    first, fifth, voted, precision = [], [], [], []
    for start in range(0, len(queries), _ROWS):
        rows = queries[start : start + _ROWS]
        order = nearest.kneighbors(vectors[rows], return_distance=False)
        order = order[order != rows[:, None]].reshape(len(rows), others)
        hits = classes[order] == classes[rows, None]
        first.append(hits[:, 0])
        fifth.append(hits[:, :5].any(1))
        voted.append(_vote(classes[order[:, :5]]) == classes[rows])
        precision.append((hits.cumsum(1) / np.arange(1, others + 1) * hits).sum(1) / hits.sum(1))
    found = (np.concatenate(part) for part in (first, fifth, voted, precision))
    rank_1, rank_5, average = _chance(partners[queries], others)
    largest = float((classes[queries] == numbers[counts.argmax()]).mean())
    return Found(queries, *found, (rank_1, rank_5, largest, average))


def _vote(near: np.ndarray) -> np.ndarray:
    """Return the class that most neighbours have, `(n, k) -> (n,)`; of as many that with the nearest, the first."""
    import numpy as np

    votes = (near[:, :, None] == near[:, None, :]).sum(2)
    return near[np.arange(len(near)), votes.argmax(1)]


def _chance(partners: np.ndarray, others: int) -> tuple[float, float, float]:
    """Return what a random order of the others gives: rank-1, rank-5, and mean average precision."""
    import numpy as np

    missed = np.ones(len(partners))
    for i in range(min(5, others)):
        missed *= ((others - partners - i) / (others - i)).clip(0)
    harmonic = (1 / np.arange(1, others + 1)).sum()
    precision = (harmonic + (partners - 1) / max(others - 1, 1) * (others - harmonic)) / others
    return float((partners / others).mean()), float(1 - missed.mean()), float(precision.mean())
