import keras
import numpy as np
import pytest

from kerascnn.engine.build import precision_policy
from kerascnn.errors import BuildError
from tests.helpers import make, normal, numpy


def built(outputs, channels=3, **fields):
    window, row = keras.Input((10, channels), name="P0"), keras.Input((4,), name="out")
    answer = make("head", "forecaster", **fields).apply({"P0": window, "out": row}, outputs)
    return keras.Model([window, row], answer)


def test_with_weights_of_zero_it_repeats_the_last_values():
    model = built(6, values=2)
    model.set_weights([np.zeros_like(weight) for weight in model.get_weights()])
    window = normal(5, 10, 3)
    found = numpy(model([window, normal(5, 4)]))
    np.testing.assert_allclose(found, np.tile(window[:, -1, :2], (1, 3)), rtol=1e-6)


def test_changes_are_in_standard_deviations_of_the_window():
    model = built(2)
    model.set_weights([np.zeros((4, 2), "float32"), np.array([1.0, -2.0], "float32")])
    window = 100 + 7 * normal(5, 10, 3)
    found = numpy(model([window, normal(5, 4)]))
    spread = window[:, :, :1].std(1)
    np.testing.assert_allclose(found, window[:, -1, :1] + spread * [1, -2], rtol=1e-5)


def test_it_begins_near_the_naive_forecast():
    keras.utils.set_random_seed(0)
    window = normal(50, 10, 3)
    found = numpy(built(4)([window, normal(50, 4)]))
    assert np.abs(found - window[:, -1, :1]).max() < 0.2


def test_numbers_are_float32_in_mixed_precision():
    with precision_policy("mixed_bfloat16"):
        model = built(2)
    assert numpy(model([1e6 + normal(2, 10, 3), normal(2, 4)])).dtype == np.float32


@pytest.mark.parametrize(("outputs", "values"), [(5, 2), (4, 4)])
def test_values_that_do_not_fit_are_refused(outputs, values):
    with pytest.raises(BuildError, match=f"values: {values} does not fit {outputs} numbers to be forecast from 3"):
        built(outputs, values=values)


def test_a_backbone_without_the_window_is_refused():
    with pytest.raises(BuildError, match="needs a backbone that gives the window itself as P0"):
        make("head", "forecaster").apply({"out": keras.Input((4,))}, 2)
