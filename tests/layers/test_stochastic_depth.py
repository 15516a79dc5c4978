import keras
import numpy as np
import pytest

from tests.helpers import layer, model_of, normal, numpy, run


@pytest.mark.parametrize("shape", [(6,), (5, 2), (3, 3, 2), (2, 2, 2, 2)], ids=str)
def test_stochastic_depth_keeps_or_drops_elements_as_a_whole(shape):
    x = np.ones((1000, *shape), "float32")
    keras.utils.set_random_seed(0)
    found = run(layer("stochastic_depth", rate=0.2), x, training=True).reshape(1000, -1)
    np.testing.assert_array_equal(found, np.broadcast_to(found[:, :1], found.shape))
    assert set(np.unique(found)) == {0.0, np.float32(1.25)}
    # Four standard errors of 1,000 elements.
    assert abs((found[:, 0] == 0).mean() - 0.2) < 0.051


def test_its_expectation_is_the_identity_that_it_is_outside_of_training():
    x = normal(1, 2, 2, 3).repeat(20_000, axis=0)
    np.testing.assert_array_equal(run(layer("stochastic_depth", rate=0.5), x[:2]), x[:2])
    keras.utils.set_random_seed(0)
    found = run(layer("stochastic_depth", rate=0.5), x, training=True)
    # The factor is 0 or 2: four standard errors of its mean over 20,000 are 0.028.
    np.testing.assert_allclose(found.mean(0), x[0], rtol=0.029)


def test_at_the_end_of_a_body_it_skips_the_body():
    body = [{"type": "dense", "units": 3, "use_bias": False}, {"type": "stochastic_depth", "rate": 0.5}]
    model = model_of(layer("residual", body=body), (3,))
    model.set_weights([weight if len(weight.shape) < 2 else np.eye(3) for weight in model.get_weights()])
    keras.utils.set_random_seed(0)
    found = numpy(model(np.ones((100, 3), "float32"), training=True))
    assert set(np.unique(found)) == {1.0, 3.0}
