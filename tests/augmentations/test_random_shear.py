import numpy as np

from tests.helpers import make, pictures


class Amounts:
    """A generator that draws these parts of the largest amounts, and remembers what it was asked for."""

    def __init__(self, x, y):
        self.drawn, self.asked = np.array([x, y], dtype=float), None

    def uniform(self, low, high, size):
        self.asked = (low, high, size)
        return self.drawn


def test_rows_move_by_their_distance_from_the_middle():
    x = pictures(1, 5, 7, 3)
    rng = Amounts([1], [0])
    found = make("augmentation", "random_shear", x=1.0).apply(x, rng)[0]
    padded = np.pad(x[0], ((0, 0), (7, 7), (0, 0)))
    for row in range(5):
        np.testing.assert_array_equal(found[row], padded[row, 7 + row - 2 : 14 + row - 2])
    assert rng.asked == (-1, 1, (2, 1))


def test_columns_move_by_their_distance_from_the_middle():
    x = pictures(1, 7, 5, 1)
    found = make("augmentation", "random_shear", x=0.0, y=1.0).apply(x, Amounts([0], [-1]))[0]
    padded = np.pad(x[0], ((7, 7), (0, 0), (0, 0)))
    for column in range(5):
        np.testing.assert_array_equal(found[:, column], padded[7 - (column - 2) : 14 - (column - 2), column])


def test_no_pair_of_amounts_flattens_the_picture():
    matrices = make("augmentation", "random_shear", x=1.0, y=1.0).matrices(500, 8, 8, np.random.default_rng(0))
    np.testing.assert_allclose(np.linalg.det(matrices), 1)
