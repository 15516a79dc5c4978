import keras
import numpy as np
import pytest

from kerascnn.errors import BuildError
from kerascnn.spec.trace import at
from tests.helpers import make, normal, numpy


def test_layers_is_a_chain_whose_last_output_is_the_feature():
    dense = {"type": "dense", "units": 3, "use_bias": False}
    x = keras.Input((3,))
    model = keras.Model(x, make("backbone", "layers", layers=[dense, {"type": "activation"}, dense]).apply(x))
    first, second, values = normal(3, 3, seed=1), normal(3, 3, seed=2), normal(4, 3)
    model.set_weights([first, second])
    found = model(values, training=False)
    assert list(found) == ["out"]
    np.testing.assert_allclose(numpy(found["out"]), np.maximum(values @ first, 0) @ second, rtol=1e-4, atol=1e-5)


def test_a_layer_that_does_not_fit_is_named_with_its_place():
    backbone = make("backbone", "layers", layers=[{"type": "flatten"}, {"type": "conv2d", "filters": 4}])
    with at("model", "backbone"), pytest.raises(BuildError, match="ndim") as caught:
        backbone.apply(keras.Input((8, 8, 3)))
    assert caught.value.spec_path == "model.backbone.layers.1"
