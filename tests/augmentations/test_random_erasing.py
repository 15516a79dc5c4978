import numpy as np
import pytest
from pydantic import ValidationError

from tests.helpers import make, pictures

QUARTER = {"scale": [0.25, 0.25], "ratio": [1, 1], "probability": 1}


def boxes(found, x):
    """Return the rectangles that have changed: top, left, rows, columns of each picture."""
    for changed in (found != x).any(-1):
        rows, columns = np.nonzero(changed.any(1))[0], np.nonzero(changed.any(0))[0]
        yield rows[0], columns[0], rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1


@pytest.mark.parametrize("channels", [1, 3])
def test_a_quarter_of_the_area_at_ratio_1_is_a_square_of_half_the_side(channels):
    x = np.full((300, 8, 8, channels), 200, "uint8")
    found = make("augmentation", "random_erasing", value="zeros", **QUARTER).apply(x, np.random.default_rng(0))
    seen = set()
    for i, (top, left, rows, columns) in enumerate(boxes(found, x)):
        assert (rows, columns) == (4, 4)
        seen.add((top, left))
        assert found[i].sum() == 200 * channels * 48
    # Every place is drawn, none beyond the border.
    assert seen == {(top, left) for top in range(5) for left in range(5)}


def test_the_mean_is_that_of_each_colour_of_the_picture():
    x = np.full((1, 8, 8, 3), (10, 100, 200), "uint8")
    x[:, :4] += 21
    found = make("augmentation", "random_erasing", value="mean", **QUARTER).apply(x, np.random.default_rng(0))
    changed = found[(found != x).any(-1)]
    # 10.5 more than the darker half, rounded to the even number.
    assert np.unique(changed, axis=0).tolist() == [[20, 110, 210]]
    assert len(changed) == 16


def test_noise_is_even_and_differs_for_each_pixel_and_colour():
    x = np.zeros((100, 20, 20, 3), "uint8")
    erasing = make("augmentation", "random_erasing", scale=[1, 1], ratio=[1, 1], probability=1)
    found = erasing.apply(x, np.random.default_rng(0)).astype(float)
    # Four standard errors of 120,000 draws.
    assert abs(found.mean() - 127.5) < 0.86
    assert abs(np.corrcoef(found[..., 0].ravel(), found[..., 1].ravel())[0, 1]) < 0.021


@pytest.mark.parametrize("value", ["zeros", "mean", "noise"])
def test_probability_0_changes_nothing(value):
    x = pictures(4, 8, 8, 3)
    found = make("augmentation", "random_erasing", probability=0, value=value).apply(x, np.random.default_rng(0))
    np.testing.assert_array_equal(found, x)


def test_the_given_share_of_pictures_is_changed():
    x = np.full((2000, 10, 10, 1), 200, "uint8")
    erasing = make("augmentation", "random_erasing", probability=0.3, value="zeros")
    changed = (erasing.apply(x, np.random.default_rng(0)) != x).any((1, 2, 3))
    # Four standard deviations of 2,000 draws are 0.041.
    assert abs(changed.mean() - 0.3) < 0.041


def test_areas_and_ratios_keep_to_their_ranges():
    x = np.full((500, 100, 100, 1), 200, "uint8")
    erasing = make("augmentation", "random_erasing", probability=1, scale=[0.1, 0.2], ratio=[0.5, 2.0], value="zeros")
    found = np.array([box[2:] for box in boxes(erasing.apply(x, np.random.default_rng(0)), x)])
    areas, ratios = found[:, 0] * found[:, 1] / 10_000, found[:, 0] / found[:, 1]
    assert areas.min() == pytest.approx(0.1, abs=0.01)
    assert areas.max() == pytest.approx(0.2, abs=0.01)
    assert ratios.min() == pytest.approx(0.5, abs=0.05)
    assert ratios.max() == pytest.approx(2.0, abs=0.1)
    # The logarithm of the ratio is even: as many lie as stand. Four standard deviations of 500 draws are 0.09.
    assert abs((ratios > 1).mean() - 0.5) < 0.09


@pytest.mark.parametrize("ratio", [0.05, 20])
def test_a_side_longer_than_the_picture_is_cut_to_it(ratio):
    x = np.full((20, 10, 10, 1), 200, "uint8")
    erasing = make(
        "augmentation", "random_erasing", probability=1, scale=[0.5, 0.5], ratio=[ratio, ratio], value="zeros"
    )
    sizes = {tuple(int(side) for side in box[2:]) for box in boxes(erasing.apply(x, np.random.default_rng(0)), x)}
    # Half of 100 pixels at 1 to 20: about 32 by 1.6.
    assert sizes == ({(10, 2)} if ratio > 1 else {(2, 10)})


def test_a_picture_of_one_pixel_can_be_erased():
    x = np.full((3, 1, 1, 3), 200, "uint8")
    erasing = make("augmentation", "random_erasing", probability=1, value="zeros")
    assert erasing.apply(x, np.random.default_rng(0)).sum() == 0


@pytest.mark.parametrize(
    ("name", "value"), [("scale", [0.5, 0.1]), ("scale", [0, 0.5]), ("ratio", [3, 1]), ("ratio", [0.3, 30])]
)
def test_a_range_that_is_none_is_refused(name, value):
    with pytest.raises(ValidationError, match=name):
        make("augmentation", "random_erasing", **{name: value})
