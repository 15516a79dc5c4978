"""The numbers of a preset that depend on the data: size of pictures, batch, rounds."""

from __future__ import annotations

from collections.abc import Sequence

from kerascnn_dashboard.logic.data_facts import DataFacts

TRAINED_ON = 0.7
"""The usual share of the samples that is trained on."""
_STEP = 32
"""Sides of pictures are multiples of this, so that a network can halve them five times."""
_STEPS = 8
"""Steps that a round should have at the least."""
_SEEN = 60_000
"""Samples that a quick training looks at in all, about."""
_FEWEST = 3


def picture_size(most: int, facts: DataFacts, usual: Sequence[int] = (), *, least: int = 32) -> list[int]:
    """Return height and width to train at: no larger than pictures are, and no longer than `most`.

    Pictures that are all of one shape keep it; others get the shape of `usual`.

    >>> picture_size(96, DataFacts(size=(48, 48), alike=True))
    [64, 64]
    >>> picture_size(128, DataFacts(size=(480, 640), alike=True))
    [96, 128]
    """
    if not facts.size:
        height, width = (usual[0], usual[1]) if len(usual) == 2 else (most, most)
        return _sides(most, height / width, least)
    height, width = facts.size
    shape = height / width if facts.alike else (usual[0] / usual[1] if len(usual) == 2 else 1.0)
    longest = min(most, _up(max(height, width)))
    return _sides(longest, min(max(shape, 0.25), 4.0), least)


def batch_size(most: int, samples: int) -> int:
    """Return how many samples a step has: fewer where there are few, so that a round has some steps.

    >>> batch_size(32, 120), batch_size(32, 10_000), batch_size(32, 0)
    (8, 32, 32)
    """
    while samples and most > 8 and TRAINED_ON * samples / most < _STEPS:
        most //= 2
    return most


def epochs(planned: int, level: str, samples: int, *, alone: bool) -> int:
    """Return how many rounds to plan.

    A quick training looks at about as many samples whatever their number; where one template stands for all three
    cards, the quick one has a third of its rounds and the thorough one twice as many.

    >>> epochs(40, "quick", 100, alone=False), epochs(40, "quick", 50_000, alone=False)
    (40, 3)
    """
    if level != "quick":
        return planned * 2 if alone and level == "thorough" else planned
    least = min(planned, _FEWEST)
    planned = max(least, planned // 3) if alone else planned
    if not samples:
        return planned
    return max(least, min(planned, round(_SEEN / (TRAINED_ON * samples))))


def _sides(longest: int, shape: float, least: int) -> list[int]:
    """Return height and width of this shape, in whole steps."""
    height, width = (longest, longest / shape) if shape >= 1 else (longest * shape, longest)
    return [max(least, _near(height)), max(least, _near(width))]


def _near(side: float) -> int:
    return max(_STEP, _STEP * round(side / _STEP))


def _up(side: int) -> int:
    return -(-side // _STEP) * _STEP
