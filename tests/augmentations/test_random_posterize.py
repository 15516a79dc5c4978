import numpy as np
import pytest
from PIL import Image, ImageOps
from pydantic import ValidationError

from tests.helpers import make, pictures


def test_two_bits_leave_four_shades():
    x = np.array([0, 63, 64, 127, 128, 191, 192, 255], "uint8").reshape(1, 2, 4, 1)
    found = make("augmentation", "random_posterize", bits=[2, 2], probability=1).apply(x, np.random.default_rng(0))
    assert found.ravel().tolist() == [0, 0, 64, 64, 128, 128, 192, 192]


@pytest.mark.parametrize("bits", range(1, 9))
def test_it_is_the_posterizing_of_pillow(bits):
    x = np.arange(256, dtype="uint8").reshape(1, 16, 16, 1).repeat(3, axis=-1)
    posterize = make("augmentation", "random_posterize", bits=[bits, bits], probability=1)
    found = posterize.apply(x, np.random.default_rng(0))[0]
    np.testing.assert_array_equal(found, np.asarray(ImageOps.posterize(Image.fromarray(x[0]), bits)))


def test_both_ends_of_the_range_are_drawn_and_none_beyond():
    x = np.full((500, 1, 1, 1), 255, "uint8")
    found = make("augmentation", "random_posterize", bits=[2, 4], probability=1).apply(x, np.random.default_rng(0))
    assert set(found.ravel().tolist()) == {0b11000000, 0b11100000, 0b11110000}


@pytest.mark.parametrize("bits", [[5, 4], [0, 4], [4, 9], [4], [4, 5, 6], 4, [4.0, 5.0], "44"])
def test_a_range_that_is_none_is_refused(bits):
    with pytest.raises(ValidationError, match="bits"):
        make("augmentation", "random_posterize", bits=bits)


def test_a_spec_that_is_spelled_out_says_the_same():
    posterize = make("augmentation", "random_posterize", bits=[3, 5])
    assert posterize.spell() == {"type": "random_posterize", "bits": [3, 5], "probability": 0.5}


@pytest.mark.parametrize("channels", [1, 3])
def test_probability_0_changes_nothing(channels):
    x = pictures(4, 5, 6, channels)
    found = make("augmentation", "random_posterize", probability=0).apply(x, np.random.default_rng(0))
    np.testing.assert_array_equal(found, x)


def test_the_given_share_of_pictures_is_changed():
    x = (pictures(1, 3, 3, 3) // 2 + 60).repeat(2000, axis=0).astype("uint8")
    found = make("augmentation", "random_posterize", probability=0.3).apply(x, np.random.default_rng(0))
    changed = (found != x).any((1, 2, 3))
    # Four standard deviations of 2,000 draws are 0.041.
    assert abs(changed.mean() - 0.3) < 0.041
