import numpy as np
import pytest

from kerascnn.spec import Features
from kerascnn.testing.explainer import MadeUp
from tests.helpers import make


def seen(values, gradients, spread=lambda maps: maps):
    made = MadeUp(np.zeros((1, 2, 2, 1), "float32"), np.zeros((2, 2, 1), "float32"))
    made.features = lambda layer: [Features(layer or "x", np.array([values], "float32"), np.array([gradients]), spread)]
    return made


def test_each_channel_is_weighed_with_its_mean_gradient():
    values = [[[1, 10], [2, 0]], [[3, 0], [0, 1]]]
    gradients = [[[4.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [4.0, -1.0]]]  # means 2 and -0.25
    found = make("explainer", "grad_cam").explain(seen(values, gradients))
    assert found.tolist() == [[[0, 4], [6, 0]]]  # 2 - 2.5 and -0.25 are below 0


def test_maps_side_by_side_are_added_before_what_is_below_0_goes():
    made = seen([[[1], [1]], [[1], [1]]], [[[1.0], [1.0]], [[1.0], [1.0]]])
    first = made.features(None)[0]
    other = Features("y", first.values, -3 * first.gradients, lambda maps: maps * np.array([[0, 0], [1, 1]]))
    made.features = lambda layer: [first, other]
    assert make("explainer", "grad_cam").explain(made).tolist() == [[[1, 1], [0, 0]]]


@pytest.mark.parametrize("method", ["grad_cam", "hires_cam"])
def test_the_layer_that_is_asked_for_is_taken(method):
    asked = []
    made = seen([[[1], [1]], [[1], [1]]], [[[1.0], [1.0]], [[1.0], [1.0]]])
    kept = made.features
    made.features = lambda layer: asked.append(layer) or kept(layer)
    make("explainer", method).explain(made)
    make("explainer", method, layer="P4").explain(made)
    assert asked == [None, "P4"]
