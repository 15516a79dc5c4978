import numpy as np
import pytest

from tests.helpers import make, pictures

MODES = {"zeros": "constant", "reflect": "reflect", "edge": "edge"}


class Offsets:
    """A generator that draws these places, and remembers what it was asked for."""

    def __init__(self, top, left):
        self.places, self.asked = np.array([top, left]), None

    def integers(self, low, high, size):
        self.asked = (low, high, size)
        return self.places


@pytest.mark.parametrize("fill", MODES)
def test_a_crop_is_a_slice_of_the_padded_picture(fill):
    x = pictures(3, 6, 8, 3)
    rng = Offsets([0, 2, 4], [4, 1, 2])
    found = make("augmentation", "random_crop", padding=2, fill=fill).apply(x, rng)
    padded = np.pad(x, ((0, 0), (2, 2), (2, 2), (0, 0)), mode=MODES[fill])
    wanted = [padded[0, 0:6, 4:12], padded[1, 2:8, 1:9], padded[2, 4:10, 2:10]]
    np.testing.assert_array_equal(found, wanted)
    # Every place from 0 to twice the border, one for each picture and axis.
    assert rng.asked == (0, 5, (2, 3))


def test_the_middle_place_is_the_picture_itself():
    x = pictures(2, 6, 8, 1)
    found = make("augmentation", "random_crop", padding=3).apply(x, Offsets([3, 3], [3, 3]))
    np.testing.assert_array_equal(found, x)


def test_all_places_are_drawn_and_none_beyond_the_border():
    # One bright pixel shows where the picture has gone.
    x = np.zeros((500, 9, 9, 1), "uint8")
    x[:, 4, 4] = 255
    found = make("augmentation", "random_crop", padding=2).apply(x, np.random.default_rng(0))
    _, rows, columns, _ = np.nonzero(found)
    assert len(rows) == 500
    assert set(zip(rows.tolist(), columns.tolist(), strict=True)) == {
        (row, column) for row in range(2, 7) for column in range(2, 7)
    }


@pytest.mark.parametrize("fill", MODES)
def test_a_border_wider_than_the_picture_works(fill):
    found = make("augmentation", "random_crop", padding=50, fill=fill).apply(
        pictures(4, 3, 5, 1), np.random.default_rng(0)
    )
    assert found.shape == (4, 3, 5, 1)
    assert found.dtype == np.uint8


def test_a_batch_of_crops_owns_its_memory():
    found = make("augmentation", "random_crop").apply(pictures(2, 8, 8, 3), np.random.default_rng(0))
    assert found.flags["C_CONTIGUOUS"]
    assert found.flags["WRITEABLE"]
