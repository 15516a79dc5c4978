"""Boxes that cannot be used as they are."""

import pytest

from kerascnn.sources.boxes import Tidy
from kerascnn.spec import Box


def tidied(*sides):
    """Return the sides of what is left of a box in a picture of 10 x 20 pixels, and the names of the findings."""
    tidy = Tidy()
    kept = tidy.boxes([Box("cat", *sides)], 10, 20, "a.jpg")
    return [(box.left, box.top, box.right, box.bottom) for box in kept], [found.id for found in tidy.findings()]


@pytest.mark.parametrize(
    ("sides", "kept", "found"),
    [
        ((0, 0, 10, 20), [(0, 0, 10, 20)], []),
        ((-0.5, 1, 10.9, 20), [(0, 1, 10, 20)], []),
        ((-3, 2, 12, 30), [(0, 2, 10, 20)], ["box-outside"]),
        ((5, 5, 5, 9), [], ["empty-box"]),
        ((5, 5, 6, 4), [], ["empty-box"]),
        ((11.5, 0, 15, 5), [], ["box-outside"]),
        ((-9, -9, -2, -2), [], ["box-outside"]),
        ((10, 3, 10.5, 5), [], ["empty-box"]),
    ],
)
def test_boxes_are_cut_off_at_the_edge_or_dropped(sides, kept, found):
    assert tidied(*sides) == (kept, found)


def test_findings_count_boxes_and_name_pictures():
    tidy = Tidy()
    empty, outside = Box("cat", 1, 1, 1, 5), Box("cat", 5, 5, 30, 9)
    tidy.boxes([empty, empty, outside], 10, 20, "a.jpg")
    tidy.boxes([empty], 10, 20, "b.jpg")
    first, second = tidy.findings()
    assert (first.severity, first.samples) == ("warning", ("a.jpg", "b.jpg"))
    assert first.message == "3 boxes without area were dropped, in 2 pictures"
    assert second.message == "1 box reaches out of the picture; what lies outside was cut off, in 1 picture"
    assert second.samples == ("a.jpg",)
