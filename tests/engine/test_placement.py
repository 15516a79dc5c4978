import numpy as np
import pytest
from PIL import Image

from kerascnn.engine.forms import Form, fit
from kerascnn.engine.media.placement import Placement, fit_mask, place_picture

MODES = ("stretch", "letterbox", "center_crop", "resize_crop")
SCALE = 8 / 7 / 2  # a half, enlarged so that the frame shows 7/8 of the height

# A picture of 100 x 200 (height x width) in a frame of 50 x 50.
PLACED = {
    "stretch": Placement(0.25, 0.5, 0, 0),
    "letterbox": Placement(0.25, 0.25, 0, 12),
    "center_crop": Placement(0.5, 0.5, -25, 0),
    "resize_crop": Placement(SCALE, SCALE, (50 - 200 * SCALE) / 2, (50 - 100 * SCALE) / 2),
}
BOX = {
    "stretch": [10, 10, 30, 30],
    "letterbox": [10, 17, 30, 27],
    "center_crop": [-5, 10, 35, 30],
    "resize_crop": [-65 / 7, 55 / 7, 255 / 7, 215 / 7],
}


@pytest.mark.parametrize("mode", MODES)
def test_a_picture_lies_where_the_mode_puts_it(mode):
    found, expected = place_picture(100, 200, Form((50, 50), mode)), PLACED[mode]
    for name in ("across", "down", "left", "top"):
        assert getattr(found, name) == pytest.approx(getattr(expected, name)), name


@pytest.mark.parametrize("mode", MODES)
def test_a_box_moves_with_its_picture_and_back(mode):
    placed = place_picture(100, 200, Form((50, 50), mode))
    boxes = np.array([[40.0, 20.0, 120.0, 60.0]])
    moved = placed.boxes(boxes)
    assert moved.dtype == np.float32
    assert moved[0] == pytest.approx(BOX[mode], abs=1e-4)
    assert placed.back(moved) == pytest.approx(boxes, abs=1e-3)


def test_no_boxes_stay_none():
    assert place_picture(10, 20, Form((5, 5))).boxes(np.zeros((0, 4))).shape == (0, 4)


@pytest.mark.parametrize("form", [Form(None), Form((30, 40), "letterbox"), Form((30, 40), "center_crop")])
def test_a_picture_of_the_right_size_stays_where_it_is(form):
    assert place_picture(30, 40, form) == Placement(1, 1, 0, 0)
    mask = np.arange(1200, dtype="uint8").reshape(30, 40)
    assert fit_mask(mask, form) is mask


def test_a_crop_of_the_middle_cuts_pictures_of_the_right_size_too():
    placed = place_picture(56, 56, Form((56, 56), "resize_crop"))
    assert (placed.across, placed.left) == (pytest.approx(8 / 7), pytest.approx(-4))


def test_a_line_of_pixels_stays_one():
    placed = place_picture(1, 1000, Form((10, 10), "letterbox"))
    assert (placed.down, placed.top) == (1, 4)


def test_a_mask_is_padded_with_what_counts_for_nothing():
    mask = np.ones((2, 4), "uint8")
    expected = [[255] * 4, [1] * 4, [1] * 4, [255] * 4]
    assert fit_mask(mask, Form((4, 4), "letterbox")).tolist() == expected


def test_each_pixel_of_a_mask_is_that_of_the_nearest():
    mask = np.array([[1, 2], [3, 4]], "uint8")
    assert fit_mask(mask, Form((4, 6), "stretch")).tolist() == [
        [1, 1, 1, 2, 2, 2],
        [1, 1, 1, 2, 2, 2],
        [3, 3, 3, 4, 4, 4],
        [3, 3, 3, 4, 4, 4],
    ]
    wide = np.array([[1, 2, 3, 4], [5, 6, 7, 8]], "uint8")
    assert fit_mask(wide, Form((4, 4), "center_crop")).tolist() == [
        [2, 2, 3, 3],
        [2, 2, 3, 3],
        [6, 6, 7, 7],
        [6, 6, 7, 7],
    ]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("size", [(60, 90), (97, 41), (200, 300), (33, 33)])
@pytest.mark.parametrize("frame", [(64, 64), (50, 80)])
def test_a_mask_lands_where_its_picture_lands(mode, size, frame):
    shape = np.zeros(size, "uint8")
    height, width = size
    shape[height // 3 : height * 2 // 3, width // 4 : width * 3 // 5] = 255
    form = Form(frame, mode)
    seen = fit(Image.fromarray(shape), form)[..., 0] > 127
    mask = fit_mask((shape > 0).astype("uint8"), form)
    known = mask != 255
    assert not seen[~known].any()
    # Bilinear and nearest may differ by a pixel along the edges.
    differs = seen != (mask == 1)
    assert differs[known].sum() <= 2 * sum(frame) * 0.5
    assert (seen & (mask == 1)).sum() > 0.9 * (seen | (mask == 1)).sum()


@pytest.mark.parametrize("mode", MODES)
def test_a_box_frames_what_the_picture_shows(mode):
    shape = np.zeros((120, 200), "uint8")
    shape[30:90, 80:120] = 255
    form = Form((60, 60), mode)
    seen = np.argwhere(fit(Image.fromarray(shape), form)[..., 0] > 127)
    box = place_picture(120, 200, form).boxes(np.array([[80.0, 30.0, 120.0, 90.0]]))[0]
    assert [*seen.min(0)[::-1], *(seen.max(0)[::-1] + 1)] == pytest.approx(np.clip(box, 0, 60).tolist(), abs=1.01)
