import numpy as np
import pytest

from tests.helpers import make, pictures


class Shifts:
    """A generator that draws these parts of the largest shift, and remembers what it was asked for."""

    def __init__(self, down, right):
        self.drawn, self.asked = np.array([down, right], dtype=float), None

    def uniform(self, low, high, size):
        self.asked = (low, high, size)
        return self.drawn


def test_pictures_move_down_and_to_the_right_by_fractions_of_their_size():
    x = pictures(3, 8, 10, 3)
    rng = Shifts([1, 0, -0.5], [0, 1, -1])
    found = make("augmentation", "random_translation", height=0.25, width=0.3).apply(x, rng)
    padded = np.pad(x, ((0, 0), (8, 8), (10, 10), (0, 0)))
    # Down by 2 rows; to the right by 3 columns; up by 1 and to the left by 3.
    np.testing.assert_array_equal(found[0], padded[0, 6:14, 10:20])
    np.testing.assert_array_equal(found[1], padded[1, 8:16, 7:17])
    np.testing.assert_array_equal(found[2], padded[2, 9:17, 13:23])
    assert rng.asked == (-1, 1, (2, 3))


@pytest.mark.parametrize(("fill", "wanted"), [("zeros", [0, 0, 10]), ("reflect", [30, 20, 10]), ("edge", [10, 10, 10])])
def test_what_comes_into_sight_is_the_fill(fill, wanted):
    x = np.array([10, 20, 30], dtype="uint8").reshape(1, 1, 3, 1)
    found = make("augmentation", "random_translation", width=1.0, fill=fill).apply(x, Shifts([0], [2 / 3]))
    assert found.ravel().tolist() == wanted
