import re

import numpy as np
import pytest

from kerascnn.engine.overlays import (
    classes_of,
    colour_of,
    draw_boxes,
    legend_picture,
    legend_text,
    outline,
    tint,
)

WHITE = np.full((40, 60, 3), 255, "uint8")
LABELS = ("cat", "dog", "<b>'\"&")
BOX = [1, 10, 20, 30, 35]


def boxes(*rows):
    return np.array(rows, "float32").reshape(-1, 5)


def halves(left, right, size=(40, 60)):
    mask = np.full(size, left, "uint8")
    mask[:, size[1] // 2 :] = right
    return mask


def test_the_colours_of_a_hundred_classes_differ_and_white_letters_can_be_read_on_them():
    colours = [colour_of(number) for number in range(100)]
    assert len(set(colours)) == 100
    for colour in colours:
        parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in np.array(colour) / 255]
        assert 1.05 / (float(np.dot(parts, [0.2126, 0.7152, 0.0722])) + 0.05) > 3, colour


def test_a_class_tints_its_pixels_and_its_edge_has_the_colour_itself():
    found = tint(WHITE, halves(0, 1)).astype(float)
    for number, column, edge in ((0, 5, 29), (1, 55, 30)):
        colour = np.array(colour_of(number))
        assert np.abs(found[:, column] - (0.6 * 255 + 0.4 * colour)).max() <= 0.5
        assert np.array_equal(found[:, edge], np.broadcast_to(colour, (40, 3)))


def test_where_nothing_is_learnt_there_are_grey_stripes_whatever_the_picture():
    found = tint(np.random.default_rng(0).integers(0, 256, (40, 60, 3), "uint8"), halves(0, 255))
    part = found[:, 32:]
    assert set(np.unique(part)) == {96, 176}
    assert np.array_equal(part[..., 0], part[..., 2])
    assert np.array_equal(part[:-8], part[8:])
    assert 0.4 < (part == 96).mean() < 0.6


def test_a_mask_of_another_size_is_brought_to_the_picture_s():
    assert np.array_equal(tint(WHITE, halves(0, 1, (80, 120))), tint(WHITE, halves(0, 1)))


def test_the_classes_of_an_answer_are_found():
    assert classes_of(halves(3, 255), "mask") == {3, 255}
    assert classes_of(boxes(BOX, [0, 1, 1, 2, 2], BOX), "boxes") == {0, 1}
    assert classes_of(boxes(), "boxes") == set()


def test_a_box_is_outlined_where_it_is_with_its_name_above_it():
    drawn = outline(boxes(BOX), LABELS, (40, 60), 2.0)
    colour = "#{:02x}{:02x}{:02x}".format(*colour_of(1))
    assert f"<rect x='10.0' y='20.0' width='20.0' height='15.0' fill='none' stroke='{colour}'" in drawn
    assert "viewBox='0 0 60 40' role='img' aria-label='dog'" in drawn
    (y,) = re.findall(r"<text x='[\d.]+' y='([\d.]+)' font-size='5.0'", drawn)
    assert 14 < float(y) < 20
    assert drawn.endswith(">dog</text></svg>")


def test_names_stay_in_the_picture():
    high, right = ([0, 0, 0, 9, 9], [0, 55, 30, 60, 40])
    found = outline(boxes(high, right), LABELS, (40, 60), 1.0)
    tabs = re.findall(r"<rect x='([\d.]+)' y='([\d.]+)' width='([\d.]+)' height='([\d.]+)' fill='#", found)
    assert len(tabs) == 2
    for x, y, width, height in (map(float, tab) for tab in tabs):
        assert min(x, y) >= 0
        assert x + width <= 60.1
        assert y + height <= 40


def test_a_name_stands_above_its_box_or_below_it_or_in_it():
    for box, y in (([0, 5, 20, 30, 35], "8.0"), ([0, 5, 5, 30, 20], "20.0"), ([0, 5, 5, 30, 35], "5.0")):
        found = outline(boxes(box), LABELS, (40, 60), 1.0)
        assert re.findall(r"y='([\d.]+)' width='[\d.]+' height='12.0' fill='#", found) == [y]


def test_names_are_text_and_long_ones_are_cut():
    labels = (LABELS[2], "a very long name of a class", "x\x1b")
    found = outline(boxes([0, 1, 1, 9, 9], [1, 1, 1, 9, 9], [2, 1, 1, 9, 9]), labels, (40, 60), 1.0)
    assert "<b>" not in found
    assert "&lt;b&gt;&#x27;&quot;&amp;</text>" in found
    assert ">a very long ..</text>" in found
    assert "<title>a very long name of a class</title>" in found
    assert "\x1b" not in found


@pytest.mark.parametrize(("count", "named"), [(8, 8), (9, 0)])
def test_of_many_boxes_only_the_colours_are_shown(count, named):
    found = outline(boxes(*[BOX] * count), LABELS, (40, 60), 1.0)
    assert found.count("fill='none'") == count
    assert found.count("<text") == named


def test_a_picture_without_boxes_stays_as_it_is():
    assert "<rect" not in outline(boxes(), LABELS, (40, 60), 1.0)
    assert np.array_equal(draw_boxes(WHITE, boxes(), LABELS), WHITE)


def test_boxes_are_drawn_into_pixels():
    found = draw_boxes(WHITE, boxes([1, 10, 20, 40, 35], [0, 50, 30, 60, 40]), LABELS)
    for number, edges in (
        (1, (found[20, 10:40], found[34, 10:40], found[20:35, 10], found[20:35, 39])),
        (0, (found[39, 50:],)),
    ):
        assert all((edge == colour_of(number)).all() for edge in edges)
    assert (found[22:33, 12:38] == 255).all()
    name = found[7:20, 10:40]
    assert (name == colour_of(1)).all(-1).any()
    assert (WHITE == 255).all()


def test_a_name_that_has_no_room_is_left_out():
    tiny = np.full((12, 12, 3), 255, "uint8")
    found = draw_boxes(tiny, boxes([1, 3, 3, 8, 8]), ("cat", "crocodile"))
    assert (found[:3] == 255).all()
    assert (found[3, 3:8] == colour_of(1)).all()


def test_a_legend_names_what_is_there():
    assert legend_text([], LABELS) == ""
    found = legend_text({1, 2, 255}, LABELS)
    assert re.findall(r"</span>([^<]*)", found) == ["dog", "&lt;b&gt;&#x27;&quot;&amp;", "nothing is learnt here"]
    assert "<span class='key ignored'></span>nothing is learnt here" in found
    assert f"background: {'#{:02x}{:02x}{:02x}'.format(*colour_of(1))}" in found
    many = legend_text(range(30), [str(i) for i in range(30)])
    assert many.count("<span") == 24
    assert many.endswith(" and 6 more</p>")


def test_a_legend_of_pixels_takes_as_many_lines_as_it_needs():
    one, several = (legend_picture(range(3), ["a name of a class"] * 3, width) for width in (500, 130))
    assert one.shape == (16, 500, 3)
    assert several.shape == (48, 130, 3)
    for number in range(3):
        assert (several[16 * number + 8, 8] == colour_of(number)).all()
    assert legend_picture(set(), LABELS, 50).shape == (16, 50, 3)
