import keras
import numpy as np
import pytest

from kerascnn.errors import BuildError
from kerascnn.spec.compose import compose
from tests.helpers import layer, normal, run

DOUBLE = {"type": "dense", "units": 3, "use_bias": False}


def test_residual_adds_its_input():
    x, kernel = normal(2, 4, 4, 3), normal(3, 3, seed=1)
    found = run(layer("residual", body=[DOUBLE, {"type": "activation"}]), x, [kernel])
    np.testing.assert_allclose(found, np.maximum(x @ kernel, 0) + x, rtol=1e-4, atol=1e-5)


def test_residual_adds_what_the_shortcut_makes():
    x, body, short = normal(2, 4, 4, 3), normal(3, 5, seed=1), normal(3, 5, seed=2)
    wide = {"type": "dense", "units": 5, "use_bias": False}
    found = run(layer("residual", body=[wide], shortcut=[wide]), x, [body, short])
    np.testing.assert_allclose(found, x @ body + x @ short, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "body",
    [
        {"type": "conv2d", "filters": 4},
        {"type": "conv2d", "filters": 3, "strides": 2},
        {"type": "conv2d", "filters": 3, "padding": "valid"},
        # Keras would broadcast this one and say nothing.
        {"type": "global_average_pooling2d", "keepdims": True},
    ],
    ids=str,
)
def test_residual_needs_equal_shapes(body):
    with pytest.raises(BuildError, match="shapes must be equal") as caught:
        compose([layer("residual", body=[body])], keras.Input((8, 8, 3)), "layers")
    assert caught.value.spec_path == "layers.0"


def test_an_error_inside_a_residual_carries_its_path():
    inner = {"type": "residual", "body": [{"type": "activation"}, {"type": "group_norm"}]}
    with pytest.raises(BuildError) as caught:
        compose([layer("residual", body=[inner])], keras.Input((8, 8, 3)), "layers")
    assert caught.value.spec_path == "layers.0.body.0.body.1"
