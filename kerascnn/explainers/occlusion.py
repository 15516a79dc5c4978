"""Occlusion."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from kerascnn.spec import Explainer, register

if TYPE_CHECKING:
    import numpy as np

    from kerascnn.spec.explained import Explained


@register("occlusion")
class Occlusion(Explainer):
    """Cover one part after another, and see how far the score falls (Zeiler and Fergus 2013, arXiv:1311.2901).

    It needs no gradients, and believes nothing but the answers. A part is covered with the mean of each channel of the
    element; of texts with padding. A place gets the mean over all covers that lie on it. Shapes: `-> (n, *places)`, of
    both signs.
    """

    signed: ClassVar[bool] = True

    size: float = Field(0.125, gt=0, le=1)
    """Side of the cover, as a fraction of the element's; no less than one place."""
    overlap: float = Field(0.5, ge=0, lt=1)
    """Fraction of the cover that the next one covers again."""

    def explain(self, seen: Explained) -> np.ndarray:
        """Return the mean fall of the score under the covers of each place."""
        import numpy as np

        found = np.zeros(seen.inputs.shape[:-1], "float32")
        for row, element in enumerate(seen.inputs):
            whole = float(seen.scores(element[None], np.array([row]))[0])
            found[row] = self._of(element, row, whole, seen)
        return found

    def _of(self, element: np.ndarray, row: int, whole: float, seen: Explained) -> np.ndarray:
        import numpy as np

        places = element.shape[:-1]
        fill = seen.cover(element)
        covers = list(self._covers(places))
        fallen, lying = np.zeros(places, "float64"), np.zeros(places, "float64")
        many = max(1, min(len(covers), _NUMBERS // element.size))
        for start in range(0, len(covers), many):
            part = covers[start : start + many]
            copies = np.repeat(element[None], len(part), 0)
            for copy, cover in zip(copies, part, strict=True):
                copy[cover] = fill
            scores = seen.scores(copies, np.full(len(part), row))
            for cover, score in zip(part, scores.tolist(), strict=True):
                fallen[cover] += whole - score
                lying[cover] += 1
        return np.asarray(fallen / lying, "float32")

    def _covers(self, places: Sequence[int]) -> Iterator[tuple[slice, ...]]:
        """Yield the covers, which together lie on every place."""
        axes = []
        for length in places:
            side = max(1, round(self.size * length))
            step = max(1, round(side * (1 - self.overlap)))
            starts = sorted({*range(0, length - side, step), length - side})
            axes.append([slice(start, start + side) for start in starts])
        yield from product(*axes)


_NUMBERS = 1 << 22
"""Numbers of covered copies that are in memory at once."""
