import keras
import numpy as np
import pytest

from kerascnn.errors import BuildError
from kerascnn.spec.compose import MAX_LAYERS, compose
from kerascnn.spec.trace import tracing
from tests.helpers import layer, model_of, normal, run

DENSE = {"type": "dense", "units": 3, "use_bias": False}


def test_repeat_applies_its_body_with_weights_of_its_own_each_time():
    x, kernels = normal(2, 3), [normal(3, 3, seed=i) for i in (1, 2, 3)]
    found = run(layer("repeat", times=3, body=[DENSE]), x, kernels)
    np.testing.assert_allclose(found, x @ kernels[0] @ kernels[1] @ kernels[2], rtol=1e-4, atol=1e-5)


def test_repeat_of_a_halving_body_halves_each_time():
    halve = {"type": "conv2d", "filters": 4, "strides": 2}
    assert model_of(layer("repeat", times=3, body=[halve]), (16, 16, 1)).output_shape == (None, 2, 2, 4)


def test_repeat_that_leaves_nothing_of_the_picture_is_refused_with_the_path():
    with pytest.raises(BuildError) as caught:
        compose([layer("repeat", times=5, body=[{"type": "max_pooling2d"}])], keras.Input((16, 16, 1)), "layers")
    assert caught.value.spec_path == "layers.0.body.0"


@pytest.mark.parametrize("most", [20, pytest.param(MAX_LAYERS, marks=pytest.mark.slow)])
def test_repeat_stops_before_keras_runs_out_of_stack(monkeypatch, most):
    monkeypatch.setattr("kerascnn.spec.compose.MAX_LAYERS", most)
    endless = layer("repeat", times=1000, body=[{"type": "repeat", "times": 1000, "body": [{"type": "activation"}]}])
    with tracing(), pytest.raises(BuildError, match=f"more than {most} layers"):
        compose([endless], keras.Input((4,)), "layers")
