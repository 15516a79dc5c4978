import numpy as np
import pytest
from pydantic import ValidationError

from tests.helpers import make, pictures


def zoom(x, factor, fill="zeros"):
    return make("augmentation", "random_zoom", factors=[factor, factor], fill=fill).apply(x, np.random.default_rng(0))


def test_twice_as_large_spreads_the_middle_over_the_whole():
    x = np.array([0, 40, 80, 160, 200], dtype="uint8").reshape(1, 1, 5, 1)
    assert zoom(x, 2.0).ravel().tolist() == [40, 60, 80, 120, 160]


def test_half_as_large_shows_every_second_pixel_and_the_fill():
    x = np.array([10, 40, 80, 160, 200], dtype="uint8").reshape(1, 1, 5, 1)
    assert zoom(x, 0.5).ravel().tolist() == [0, 10, 80, 200, 0]
    assert zoom(x, 0.5, "edge").ravel().tolist() == [10, 10, 80, 200, 200]
    assert zoom(x, 0.5, "reflect").ravel().tolist() == [80, 10, 80, 200, 80]


def test_the_factor_1_changes_nothing():
    x = pictures(2, 6, 9, 3)
    np.testing.assert_array_equal(zoom(x, 1.0), x)


def test_factors_are_drawn_evenly_in_their_logarithm():
    matrices = make("augmentation", "random_zoom", factors=[0.25, 4.0]).matrices(4000, 8, 8, np.random.default_rng(0))
    factors = 1 / matrices[:, 0, 0]
    assert factors.min() >= 0.25
    assert factors.max() <= 4
    # Four standard deviations of 4,000 draws are 0.032.
    assert abs((factors > 1).mean() - 0.5) < 0.032
    assert abs((factors > 2).mean() - 0.25) < 0.032


@pytest.mark.parametrize("factors", [[1.2, 0.8], [0.0, 1.0], [1.0], [1.0, 20.0]])
def test_factors_that_make_no_range_are_refused(factors):
    with pytest.raises(ValidationError):
        make("augmentation", "random_zoom", factors=factors)
