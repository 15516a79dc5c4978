import keras
import numpy as np
import pytest

from kerascnn.errors import BuildError
from tests.helpers import make


def built(shape, **parameters):
    x = keras.Input(shape)
    return keras.Model(x, make("backbone", "char_cnn", **parameters).apply(x)["out"])


@pytest.mark.parametrize(("size", "filters", "count"), [("small", 256, 1_372_160), ("large", 1024, 20_430_848)])
def test_the_weights_are_those_of_six_convolutions_on_70_characters(size, filters, count):
    # Widths of 7, 7, 3, 3, 3, 3, and a bias for each filter. The paper states the layers and no counts.
    assert count == 7 * 70 * filters + (7 + 4 * 3) * filters**2 + 6 * filters
    with keras.StatelessScope(initialize_variables=False):
        assert built((1014, 70), size=size).count_params() == count


@pytest.mark.parametrize("length", [1014, 123, 123 + 26, 123 + 27])
def test_a_text_of_l_characters_becomes_l_minus_96_over_27_places(length):
    assert built((length, 4)).output_shape == (None, (length - 96) // 27, 256)


def test_the_paper_has_34_places_of_1014_characters():
    assert built((1014, 4)).output_shape[1] == 34


def test_texts_that_are_too_short_are_an_error_that_says_what_is_needed():
    with pytest.raises(BuildError, match=r"texts of 122 characters are too short .* need 123; set data.length"):
        built((122, 4))


@pytest.mark.parametrize(("size", "deviation"), [("small", 0.05), ("large", 0.02)])
def test_kernels_begin_with_the_deviation_of_the_paper(size, deviation):
    kernel = built((123, 8), size=size).get_layer("conv1").get_weights()[0]
    assert np.std(kernel) == pytest.approx(deviation, rel=0.02)
    assert abs(np.mean(kernel)) < 0.1 * deviation
