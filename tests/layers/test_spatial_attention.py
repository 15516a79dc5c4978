import keras
import numpy as np
import pytest
from scipy.special import expit

from kerascnn.errors import BuildError
from kerascnn.spec.compose import compose
from tests.helpers import layer, normal, run
from tests.oracles import correlate


@pytest.mark.parametrize("size", [3, 7])
def test_spatial_attention_gates_places_by_their_mean_and_their_largest_channel(size):
    x, kernel = normal(2, 6, 5, 4), normal(size, size, 2, 1, seed=1)
    seen = np.concatenate([x.mean(-1, keepdims=True), x.max(-1, keepdims=True)], -1)
    wanted = x * expit(correlate(seen, kernel, padding="same"))
    found = run(layer("spatial_attention", kernel_size=size), x, [kernel])
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


def test_it_has_the_weights_of_one_convolution():
    # 7 x 7 x 2, without bias: those of the paper's code.
    x = keras.Input((8, 8, 16))
    assert keras.Model(x, layer("spatial_attention").apply(x)).count_params() == 98


def test_it_wants_a_map():
    with pytest.raises(BuildError) as caught:
        compose([layer("spatial_attention")], keras.Input((8, 3)), "layers")
    assert caught.value.spec_path == "layers.0"
