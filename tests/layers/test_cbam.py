import numpy as np
import pytest
from scipy.special import expit

from tests.helpers import layer, model_of, normal, run
from tests.oracles import correlate


@pytest.mark.parametrize(("channels", "ratio", "width"), [(8, 0.25, 2), (8, 0.0625, 1), (32, 0.0625, 2)])
def test_cbam_gates_channels_and_then_places(channels, ratio, width):
    cbam = layer("cbam", ratio=ratio, kernel_size=3)
    x = normal(2, 5, 4, channels)
    weights = [normal(*w.shape, seed=i) for i, w in enumerate(model_of(cbam, x.shape[1:]).weights)]
    down, down_bias, up, up_bias, kernel = weights
    assert down.shape == (channels, width)

    def perceptron(row):
        return np.maximum(row @ down + down_bias, 0) @ up + up_bias

    gated = x * expit(perceptron(x.mean((1, 2))) + perceptron(x.max((1, 2))))[:, None, None]
    seen = np.concatenate([gated.mean(-1, keepdims=True), gated.max(-1, keepdims=True)], -1)
    wanted = gated * expit(correlate(seen, kernel, padding="same"))
    np.testing.assert_allclose(run(cbam, x, weights), wanted, rtol=1e-4, atol=1e-5)


def test_the_perceptron_is_shared_by_mean_and_maximum():
    # 64 * 4 + 4 and 4 * 64 + 64 of the perceptron, 7 * 7 * 2 of the convolution.
    assert model_of(layer("cbam"), (8, 8, 64)).count_params() == 260 + 320 + 98
