import numpy as np
import pytest
from scipy.ndimage import affine_transform

from tests.helpers import make, pictures

MODES = {"zeros": "grid-constant", "reflect": "mirror", "edge": "nearest"}


class Turns:
    """A generator that draws these degrees, and remembers what it was asked for."""

    def __init__(self, *turns):
        self.turns, self.asked = np.array(turns), None

    def uniform(self, low, high, size):
        self.asked = (low, high, size)
        return self.turns


@pytest.mark.parametrize("size", [6, 7])
def test_quarter_turns_are_those_of_numpy(size):
    x = pictures(1, size, size, 3)
    found = make("augmentation", "random_rotation").apply(np.repeat(x, 3, axis=0), Turns(90, 180, -90))
    for i, quarters in enumerate((1, 2, 3)):
        np.testing.assert_array_equal(found[i], np.rot90(x[0], quarters))


def test_a_half_turn_of_a_picture_that_is_not_square():
    x = pictures(1, 5, 8, 1)
    found = make("augmentation", "random_rotation").apply(x, Turns(180))
    np.testing.assert_array_equal(found, x[:, ::-1, ::-1])


@pytest.mark.parametrize("fill", MODES)
def test_no_turn_changes_nothing(fill):
    x = pictures(2, 6, 9, 3)
    found = make("augmentation", "random_rotation", fill=fill).apply(x, Turns(0.0, 0.0))
    np.testing.assert_array_equal(found, x)


@pytest.mark.parametrize("fill", MODES)
@pytest.mark.parametrize("turn", [25.2, -72])
def test_any_turn_is_the_bilinear_one_of_scipy(fill, turn):
    x = pictures(1, 9, 12, 1)
    found = make("augmentation", "random_rotation", fill=fill).apply(x, Turns(turn))[0, ..., 0]
    # SciPy's matrix leads from (row, column) of the output to that of the input, about the origin.
    cos, sin = np.cos(np.deg2rad(turn)), np.sin(np.deg2rad(turn))
    matrix, centre = np.array([[cos, sin], [-sin, cos]]), np.array([4.0, 5.5])
    wanted = affine_transform(
        x[0, ..., 0].astype("float64"), matrix, centre - matrix @ centre, order=1, mode=MODES[fill], cval=0
    )
    # Halves may be rounded either way; places are known to 1/8192 pixel.
    np.testing.assert_allclose(found.astype(float), wanted, atol=0.6)


def test_the_angle_is_drawn_evenly_either_way():
    rng = Turns(0.0, 0.0)
    make("augmentation", "random_rotation", degrees=36).apply(pictures(2, 4, 4, 1), rng)
    assert rng.asked == (-36, 36, 2)
