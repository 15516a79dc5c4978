import numpy as np

from kerascnn.testing.explainer import MadeUp
from tests.helpers import make


def test_a_place_has_the_largest_of_its_gradients_without_a_sign():
    weights = np.array([[1, -3], [0.5, 0]], "float32")
    found = make("explainer", "saliency").explain(MadeUp(np.ones((2, 2, 2), "float32"), weights))
    assert found.tolist() == [[3, 0.5], [3, 0.5]]
