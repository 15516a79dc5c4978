"""What each corruption does to pictures, by values computed by hand."""

import io
import itertools

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter

from kerascnn.engine.corruptions import CORRUPTIONS, SEVERITIES, corrupt, say_setting, setting, shifted
from tests.helpers import pictures

NAMES = list(CORRUPTIONS)
DRAWN = ["noise", "shift", "rotation"]


def smooth(count, side, channels=1, seed=0):
    """Return pictures with blobs of light: neighbours are alike, as in photographs."""
    noise = np.random.default_rng(seed).normal(0, 1, (count, side, side, channels))
    blobs = gaussian_filter(noise, (0, side / 12, side / 12, 0))
    return np.rint(128 + 40 * blobs / blobs.std()).clip(0, 255).astype("uint8")


def flat(level, shape=(2, 8, 8, 1)):
    return np.full(shape, level, "uint8")


def test_the_table_has_a_number_for_each_severity_of_small_and_large_pictures():
    for found in CORRUPTIONS.values():
        assert len(found.small) == len(found.large) == len(SEVERITIES)
    assert setting("noise", 1, (63, 200)) == 0.04
    assert setting("noise", 1, (64, 200)) == 0.08


def test_settings_are_said_in_levels_and_pixels():
    assert say_setting("noise", 1, (32, 32)) == "normal noise with a standard deviation of 10.2 levels"
    assert say_setting("brightness", 5, (32, 32)) == "76.5 levels brighter"
    assert say_setting("jpeg", 5, (224, 224)) == "as JPEG of quality 7"
    assert say_setting("shift", 1, (8, 8)) == "moved by 1 pixel"
    assert say_setting("shift", 5, (224, 300)) == "moved by 45 pixels"


def test_noise_has_the_standard_deviation_that_is_stated():
    changed = corrupt(flat(128, (4, 60, 60, 3)), "noise", 1).astype(float)
    assert changed.std() == pytest.approx(0.04 * 255, rel=0.02)
    assert changed.mean() == pytest.approx(128, abs=0.2)


def test_brightness_adds_to_every_byte_up_to_255():
    given = np.array([0, 100, 200, 250], "uint8").reshape(1, 2, 2, 1)
    # 5 % of 255 are 12.75 levels.
    assert corrupt(given, "brightness", 1).ravel().tolist() == [13, 113, 213, 255]


def test_contrast_shrinks_about_the_mean_of_each_channel():
    given = np.stack([np.array([0, 200, 0, 200]), np.array([10, 10, 50, 50])], -1).astype("uint8").reshape(1, 2, 2, 2)
    changed = corrupt(given, "contrast", 2).reshape(4, 2)
    assert changed[:, 0].tolist() == [50, 150, 50, 150]
    assert changed[:, 1].tolist() == [20, 20, 40, 40]


def test_blur_spreads_a_point_by_the_normal_curve():
    point = np.zeros((1, 9, 9, 1), "uint8")
    point[0, 4, 4] = 255
    changed = corrupt(point, "blur", 1)[0, :, :, 0]
    side = np.exp(-0.5 / 0.4**2)  # of a neighbour, before all are made to sum to 1
    middle = 1 / (1 + 2 * side)
    assert changed[4, 4] == round(255 * middle**2) == 215
    assert changed[4, 3] == changed[3, 4] == round(255 * middle**2 * side) == 9
    assert changed[0].max() == 0


@pytest.mark.parametrize("name", ["blur", "contrast", "jpeg", "shift", "rotation"])
def test_a_picture_of_one_grey_stays_as_it_is(name):
    for side in (8, 80):
        given = flat(128, (1, side, side, 1))
        assert np.array_equal(corrupt(given, name, 5), given)


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_jpeg_is_what_pillow_writes_at_that_quality(channels):
    given = smooth(1, 32, channels)
    bands = [given[0]] if channels == 3 else [given[0, ..., i] for i in range(channels)]
    expected = []
    for band in bands:
        file = io.BytesIO()
        Image.fromarray(band).save(file, "JPEG", quality=40)
        expected.append(np.asarray(Image.open(file)))
    expected = expected[0] if channels == 3 else np.stack(expected, -1)
    assert np.array_equal(corrupt(given, "jpeg", 5)[0], expected)


def test_shifted_pictures_move_and_the_edge_is_repeated():
    given = np.arange(1, 7, dtype="uint8").reshape(1, 2, 3, 1)
    assert shifted(given, 0, 1)[0, ..., 0].tolist() == [[1, 1, 2], [4, 4, 5]]
    assert shifted(given, 0, -2)[0, ..., 0].tolist() == [[3, 3, 3], [6, 6, 6]]
    assert shifted(given, 1, 0)[0, ..., 0].tolist() == [[1, 2, 3], [1, 2, 3]]
    assert shifted(given, -1, 0)[0, ..., 0].tolist() == [[4, 5, 6], [4, 5, 6]]


def test_the_corruption_shift_moves_each_picture_in_one_of_four_ways():
    given = pictures(40, 32, 32, 1)
    ways = [(-3, 0), (3, 0), (0, -3), (0, 3)]
    # 8 % of 32 pixels are 3.
    moved = [shifted(given, *way) for way in ways]
    changed = corrupt(given, "shift", 2)
    taken = [next(k for k in range(4) if np.array_equal(moved[k][i], changed[i])) for i in range(40)]
    assert set(taken) == {0, 1, 2, 3}


def test_a_rotation_turns_each_picture_by_the_angle_to_either_side():
    given = np.repeat(smooth(1, 64), 20, 0)
    middle = (slice(20, 44), slice(20, 44))
    expected = [np.asarray(Image.fromarray(given[0, ..., 0]).rotate(a, Image.Resampling.BILINEAR)) for a in (-30, 30)]
    sides = set()
    for changed in corrupt(given, "rotation", 5)[..., 0]:
        same = [i for i in range(2) if np.abs(changed[middle].astype(int) - expected[i][middle]).max() <= 1]
        assert len(same) == 1
        sides.update(same)
    assert sides == {0, 1}


@pytest.mark.parametrize("side", [32, 72])
@pytest.mark.parametrize("name", NAMES)
def test_each_severity_changes_pictures_more_than_the_one_before(name, side):
    given = smooth(12, side, 3)
    changes = [np.abs(corrupt(given, name, severity).astype(float) - given).mean() for severity in SEVERITIES]
    assert changes[0] > 0
    assert all(a < b for a, b in itertools.pairwise(changes)), changes


@pytest.mark.parametrize("name", NAMES)
def test_what_is_drawn_depends_on_the_seed_and_the_number_of_the_picture_alone(name):
    given = pictures(12, 16, 16, 1)
    before = given.copy()
    whole = corrupt(given, name, 3, seed=5)
    parts = [corrupt(given[:5], name, 3, seed=5), corrupt(given[5:], name, 3, seed=5, first=5)]
    assert np.array_equal(whole, np.concatenate(parts))
    assert np.array_equal(given, before)
    assert np.array_equal(whole, corrupt(given, name, 3, seed=6)) == (name not in DRAWN)


@pytest.mark.parametrize("name", NAMES)
def test_pictures_of_any_size_and_number_of_channels_keep_their_shape(name):
    for shape in [(2, 1, 1, 1), (1, 3, 5, 2), (2, 9, 4, 3), (1, 70, 90, 4), (0, 8, 8, 3)]:
        if shape[0] or name not in ("noise", "jpeg", "rotation"):
            changed = corrupt(pictures(*shape), name, 5)
            assert changed.shape == shape
            assert changed.dtype == np.uint8
