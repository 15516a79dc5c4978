import numpy as np
import pytest

from kerascnn.testing.explainer import MadeUp
from tests.helpers import make, normal


def test_of_a_linear_score_each_number_gets_itself_times_its_weight():
    x = np.array([[[2, 1], [-1, 4]]], "float32")
    found = make("explainer", "integrated_gradients", steps=1).explain(
        MadeUp(x, np.array([[1, -3], [0.5, 0]], "float32"))
    )
    assert found.tolist() == [[-1, -0.5]]


@pytest.mark.parametrize("steps", [1, 8])
def test_a_map_sums_up_to_the_scores_difference_from_nothing(steps):
    # The middle of each part is exact for squares.
    made = MadeUp(normal(3, 4, 5, 2), normal(4, 5, 2, seed=1), squares=0.7)
    made.empty = normal(4, 5, 2, seed=2)
    rows = np.arange(3)
    difference = made.scores(made.inputs, rows) - made.scores(np.repeat(made.empty[None], 3, 0), rows)
    maps = make("explainer", "integrated_gradients", steps=steps).explain(made)
    assert np.allclose(maps.sum((1, 2)), difference, rtol=1e-4, atol=1e-4)


def test_what_is_like_nothing_gets_nothing():
    made = MadeUp(normal(1, 3, 2), normal(3, 2, seed=1))
    made.empty = made.inputs[0].copy()
    assert not make("explainer", "integrated_gradients").explain(made).any()
