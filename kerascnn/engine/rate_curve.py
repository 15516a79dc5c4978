"""What the losses at rising learning rates say about a good one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

MOST = 4.0
"""Times the best loss at which the rates are too high to go on."""
_PAST = 0.8
"""Weight of the past in the moving mean of the losses."""
_FLAT = 0.1
"""Part of the whole fall that is still the beginning, and that is already the bottom."""
_FEWEST = 10
"""Losses without which nothing can be said."""
_MEDIAN_OF_A_DIFFERENCE = 0.954
"""Median of the absolute difference of two normal numbers, in their standard deviations."""
_CLEAR = 1.5
"""Standard deviations of the losses that the smoothed loss has to fall by; noise alone falls by one at times."""
_LEAST_FALL = 0.02
"""Fraction of the first loss that it has to fall by."""


@dataclass(frozen=True)
class FoundRate:
    """A learning rate to begin with, or why there is none, and the losses that say so."""

    suggestion: float | None
    """The rate in the middle of the longest fall of the loss, with two digits; None where nothing can be said."""
    steepest: float | None
    """The rate at which the loss falls fastest."""
    reason: str
    """Why, in a sentence."""
    rates: tuple[float, ...]
    losses: tuple[float, ...]
    """The loss at each rate as it was measured, none of which is NaN or infinite."""
    smoothed: tuple[float, ...]
    """The same without most of the noise of batches; losses above those of the beginning count as the highest there."""
    stage: int = 0
    """The stage of training that it was measured for, counted from 0."""

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain data."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}

    @property
    def setting(self) -> str | None:
        """What `--set` takes to train with the suggestion."""
        return None if self.suggestion is None else f"train.stages.{self.stage}.learning_rate={self.suggestion:g}"


def judge(rates: Sequence[float], losses: Sequence[float], stage: int = 0) -> FoundRate:
    """Return the rate that the losses at rising rates suggest. What comes after a loss that is not finite is left out.

    The suggestion is that of the "valley" method of fastai: the middle, in powers of ten, of the longest falling
    subsequence of the smoothed losses. It is looked for where the loss is between nine tenths and one tenth of its
    whole fall, as noise alone may fall before and a loss of almost 0 behind. The steepest descent is that of Smith 2015
    (arXiv:1506.01186) as it is commonly read.
    """
    broken = np.flatnonzero(~np.isfinite(losses))
    count = int(broken[0]) if len(broken) else len(losses)
    known = np.asarray(losses[:count], "float64")
    line = smooth(known)
    curve = (tuple(map(float, rates[:count])), tuple(known.tolist()), tuple(line.tolist()))
    why = _silent(rates, known, line, broken=bool(len(broken)))
    if why:
        return FoundRate(None, None, why, *curve, stage)
    logs, bottom = np.log10(rates[:count]), int(np.argmin(line))
    begin, end = _steep_part(line, bottom)
    first, last = (begin + place for place in longest_fall(line[begin : end + 1]))
    slopes = np.gradient(line[first : last + 1], logs[first : last + 1])
    steepest = float(10 ** logs[first + int(np.argmin(slopes))])
    middle = float(10 ** ((logs[first] + logs[last]) / 2))
    said = (
        f"the loss falls from {line[first]:.3g} to {line[last]:.3g} between the rates {rates[first]:.1e} and "
        f"{rates[last]:.1e}, fastest at {steepest:.1e}; {middle:.1e} is the middle of this fall"
    )
    if bottom >= count - 2:
        said += f"; it was still falling at the last rate, {rates[count - 1]:.1e}, so a higher one may do as well"
    return FoundRate(_two_digits(middle), _two_digits(steepest), said, *curve, stage)


def smooth(losses: np.ndarray) -> np.ndarray:
    """Return the losses without most of their noise, in their places.

    It is the moving mean of the moving mean from the other end, both corrected for their beginning as in Adam: a single
    one would show late what happens. A loss above the first ones counts as the highest of them, or one that explodes
    would outweigh all before it.
    """
    capped = np.minimum(losses, losses[:_FEWEST].max(initial=-np.inf))
    return _moving_mean(_moving_mean(capped)[::-1])[::-1]


def too_high(losses: Sequence[float]) -> bool:
    """Return whether the last loss says that higher rates need not be tried: it is not finite, or 4 times the best."""
    if not np.isfinite(losses[-1]):
        return True
    means = _moving_mean(np.asarray(losses, "float64"))
    return bool(means[-1] > MOST * means.min())


def longest_fall(values: np.ndarray) -> tuple[int, int]:
    """Return the first and the last place of the longest falling subsequence; of several, of the one that falls most.

    >>> longest_fall(np.array([5.0, 6.0, 4.0, 4.5, 3.0, 7.0]))
    (1, 4)
    """
    lengths, firsts = np.ones(len(values), int), np.arange(len(values))
    for i in range(1, len(values)):
        before = np.flatnonzero(values[:i] > values[i])
        if len(before):
            longest = before[lengths[before] == lengths[before].max()]
            best = longest[np.argmax(values[firsts[longest]])]
            lengths[i], firsts[i] = lengths[best] + 1, firsts[best]
    ends = np.flatnonzero(lengths == lengths.max())
    last = int(ends[np.argmax(values[firsts[ends]] - values[ends])])
    return int(firsts[last]), last


def _steep_part(line: np.ndarray, bottom: int) -> tuple[int, int]:
    """Return the last place at the height of the beginning, or nearly, and the first behind it at the bottom's."""
    top = line[: bottom + 1].max()
    edge = _FLAT * (top - line[bottom])
    begin = int(np.flatnonzero(line[: bottom + 1] >= top - edge)[-1])
    return begin, begin + int(np.flatnonzero(line[begin : bottom + 1] <= line[bottom] + edge)[0])


def _moving_mean(losses: np.ndarray) -> np.ndarray:
    means, mean = np.empty(len(losses)), 0.0
    for i, loss in enumerate(losses):
        mean = _PAST * mean + (1 - _PAST) * loss
        means[i] = mean / (1 - _PAST ** (i + 1))
    return means


def _silent(rates: Sequence[float], losses: np.ndarray, line: np.ndarray, *, broken: bool) -> str:
    """Return why the losses suggest nothing, or an empty text where they do."""
    if len(losses) < _FEWEST:
        if broken:
            return (
                f"the loss is not a finite number at the rate {rates[len(losses)]:.1e} already: begin with lower "
                "rates, or look for the fault in the data and in the network"
            )
        return f"{len(losses)} losses are too few; try {_FEWEST} rates or more"
    # By the median, or the last losses of a training that explodes would count as noise.
    noise = float(np.median(np.abs(np.diff(losses)))) / _MEDIAN_OF_A_DIFFERENCE
    before = float(np.mean(losses[:_FEWEST]))
    if before - line.min() <= max(_LEAST_FALL * abs(before), _CLEAR * noise):
        return (
            f"the loss does not fall by more than its noise at any rate (from {before:.3g} to {line.min():.3g} at the "
            f"best, batches differ by {noise:.2g}): the network learns nothing in {len(losses)} steps; try more steps, "
            "larger batches, or fewer frozen layers"
        )
    return ""


def _two_digits(value: float) -> float:
    return float(f"{value:.1e}")
