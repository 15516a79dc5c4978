import numpy as np
import pytest
from pydantic import ValidationError

from tests.helpers import make, pictures


class Places:
    """A generator that draws these parts of the sides, and remembers what it was asked for."""

    def __init__(self, moves):
        self.moves, self.asked = np.array(moves, dtype=float), None

    def uniform(self, low, high, size):
        self.asked = (low, high, size)
        return self.moves


def lead(matrix, x, y):
    u, v, w = matrix @ (x, y, 1)
    return u / w, v / w


def test_corners_show_the_places_that_were_drawn():
    rng = Places([[[0.1, 0.2], [-0.1, 0.1], [0.05, -0.2], [0.0, 0.15]]])
    (matrix,) = make("augmentation", "random_perspective", scale=0.2).matrices(1, 11, 21, rng)
    assert rng.asked == (-0.2, 0.2, (1, 4, 2))
    for corner, place in (((0, 0), (2, 2)), ((20, 0), (18, 1)), ((20, 10), (21, 8)), ((0, 10), (0, 11.5))):
        np.testing.assert_allclose(lead(matrix, *corner), place, atol=1e-9)


def test_corners_moved_alike_make_a_whole_pixel_shift():
    x = pictures(1, 11, 21, 3)
    found = make("augmentation", "random_perspective", fill="edge").apply(x, Places([[[0.1, -0.2]] * 4]))
    padded = np.pad(x[0], ((2, 2), (2, 2), (0, 0)), mode="edge")
    np.testing.assert_array_equal(found[0], padded[0:11, 4:25])


def test_every_matrix_sees_the_whole_output_before_the_eye():
    matrices = make("augmentation", "random_perspective", scale=0.249).matrices(2000, 9, 14, np.random.default_rng(0))
    corners = np.array([[0, 0, 1], [13, 0, 1], [13, 8, 1], [0, 8, 1]])
    assert (matrices[:, 2] @ corners.T).min() > 0


def test_a_scale_at_which_corners_may_fall_on_a_line_is_refused():
    with pytest.raises(ValidationError):
        make("augmentation", "random_perspective", scale=0.25)
