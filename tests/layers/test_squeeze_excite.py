import numpy as np
import pytest
from scipy.special import expit

from tests.helpers import layer, model_of, normal, numpy


@pytest.mark.parametrize(("channels", "ratio", "width"), [(8, 0.25, 2), (8, 1.0, 8), (3, 0.1, 1)])
def test_squeeze_excite_is_a_gate_from_global_averages(channels, ratio, width):
    x = normal(2, 5, 4, channels) + 0.5
    model = model_of(layer("squeeze_excite", ratio=ratio), x.shape[1:])
    weights = [normal(*w.shape, seed=i) for i, w in enumerate(model.weights)]
    model.set_weights(weights)
    down, down_bias, up, up_bias = weights
    assert down.shape == (channels, width)
    hidden = np.maximum(x.mean((1, 2)) @ down + down_bias, 0)
    gate = expit(hidden @ up + up_bias)
    np.testing.assert_allclose(numpy(model(x, training=False)), x * gate[:, None, None], rtol=1e-4, atol=1e-5)
