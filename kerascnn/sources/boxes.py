"""What sources of boxes share: boxes without area are dropped, those that reach outside are cut off, and it is said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from kerascnn.errors import counted
from kerascnn.spec import Box, Finding

_ROUNDING = 1.0
"""Pixels by which a box may reach outside without a word: what is left of rounding, and of counting from 1 or 0."""


class Tidy:
    """Takes the boxes of one picture after another, and counts what was wrong with them."""

    def __init__(self) -> None:
        self.empty: Counter[str] = Counter()
        self.outside: Counter[str] = Counter()

    def boxes(self, boxes: Iterable[Box], width: float, height: float, picture: str) -> tuple[Box, ...]:
        """Return the boxes of a picture of this size in pixels, without those that show nothing of it."""
        kept = []
        for box in boxes:
            if box.right <= box.left or box.bottom <= box.top:
                self.empty[picture] += 1
                continue
            over = max(-box.left, -box.top, box.right - width, box.bottom - height)
            if over > _ROUNDING:
                self.outside[picture] += 1
            clipped = clip(box, width, height)
            if clipped.right > clipped.left and clipped.bottom > clipped.top:
                kept.append(clipped)
            elif over <= _ROUNDING:
                self.empty[picture] += 1
        return tuple(kept)

    def findings(self) -> list[Finding]:
        """Return what is to be said of all boxes so far."""
        found = []
        if self.empty:
            what = counted(self.empty.total(), "box without area was", "boxes without area were")
            found.append(Finding("empty-box", "warning", f"{what} dropped{_among(self.empty)}", tuple(self.empty)))
        if self.outside:
            what = counted(self.outside.total(), "box reaches", "boxes reach")
            message = f"{what} out of the picture; what lies outside was cut off{_among(self.outside)}"
            found.append(Finding("box-outside", "warning", message, tuple(self.outside)))
        return found


def clip(box: Box, width: float, height: float) -> Box:
    """Return the part of a box that lies in a picture of this size in pixels.

    >>> clip(Box("cat", -3, 2, 12, 30), 10, 20)
    Box(label='cat', left=0.0, top=2.0, right=10.0, bottom=20.0)
    """
    return Box(
        box.label,
        min(max(float(box.left), 0.0), float(width)),
        min(max(float(box.top), 0.0), float(height)),
        max(min(float(box.right), float(width)), 0.0),
        max(min(float(box.bottom), float(height)), 0.0),
    )


def _among(counts: Counter[str]) -> str:
    return f", in {counted(len(counts), 'picture', 'pictures')}"
