import numpy as np
import pytest
from pydantic import ValidationError

from tests.helpers import make, pictures


class Draws:
    """A generator that draws this area, this logarithm of the ratio, and this place."""

    def __init__(self, area, log_ratio, left, top):
        self.uniforms, self.place = [np.array([area]), np.array([log_ratio])], np.array([[left], [top]])

    def uniform(self, low, high, size):
        return self.uniforms.pop(0)

    def random(self, size):
        return self.place


def crop(x, *draws):
    return make("augmentation", "random_resized_crop").apply(x, Draws(*draws))


def test_a_quarter_of_the_area_is_stretched_to_the_whole():
    x = np.tile(np.array([0, 40, 80, 160, 200], dtype="uint8")[:, None], (1, 5, 1, 1))
    assert crop(x, 0.25, 0.0, 0.0, 0.0)[0, 0, :, 0].tolist() == [0, 20, 40, 60, 80]
    assert crop(x, 0.25, 0.0, 1.0, 0.3)[0, 4, :, 0].tolist() == [80, 120, 160, 180, 200]


def test_the_whole_area_at_the_ratio_of_the_picture_changes_nothing():
    x = pictures(1, 6, 9, 3)
    np.testing.assert_array_equal(crop(x, 1.0, np.log(9 / 6), 0.7, 0.2), x)


def test_parts_have_the_areas_and_ratios_that_are_asked_and_stay_inside():
    height, width = 101, 201
    matrices = make("augmentation", "random_resized_crop", scale=[0.1, 0.3], ratio=[0.5, 2.0]).matrices(
        2000, height, width, np.random.default_rng(0)
    )
    across, down, left, top = (matrices[:, a, b] for a, b in ((0, 0), (1, 1), (0, 2), (1, 2)))
    assert ((across * down >= 0.0999) & (across * down <= 0.3001)).all()
    ratio = across * width / (down * height)
    assert ((ratio >= 0.4999) & (ratio <= 2.0001)).all()
    assert min(left.min(), top.min()) >= 0
    assert (left + across * (width - 1)).max() <= width - 1 + 1e-9
    assert (top + down * (height - 1)).max() <= height - 1 + 1e-9


def test_a_side_longer_than_the_picture_is_cut_to_it():
    matrices = make("augmentation", "random_resized_crop", scale=[1.0, 1.0], ratio=[2.0, 2.0]).matrices(
        1, 10, 10, np.random.default_rng(0)
    )
    np.testing.assert_allclose(np.diagonal(matrices[0]), [1, np.sqrt(0.5), 1])


@pytest.mark.parametrize("parameters", [{"scale": [0.5, 0.1]}, {"scale": [0.0, 1.0]}, {"ratio": [2.0, 1.0]}])
def test_ranges_that_are_none_are_refused(parameters):
    with pytest.raises(ValidationError):
        make("augmentation", "random_resized_crop", **parameters)
