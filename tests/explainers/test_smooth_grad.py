import numpy as np

from kerascnn.testing.explainer import MadeUp
from tests.helpers import make


def test_of_a_linear_score_it_is_the_gradient_itself():
    weights = np.array([[1, -3], [0.5, 0]], "float32")
    found = make("explainer", "smooth_grad").explain(MadeUp(np.array([[[0, 1], [2, 3]]], "float32"), weights))
    assert np.allclose(found, [[3, 0.5]])


def test_noise_is_as_wide_as_a_part_of_the_elements_range():
    # The gradient of half the square is the number with its noise, so the mean noise can be read off.
    x = np.array([[[0.0], [10.0]]], "float32")
    zero = np.zeros((2, 1), "float32")
    one = make("explainer", "smooth_grad", samples=1, noise=0.1, seed=3).explain(MadeUp(x, zero, squares=1.0))
    noise = np.random.default_rng(3).standard_normal((2, 1), dtype="float32")
    assert np.allclose(one, np.abs(x[..., 0] + noise[:, 0]))  # 0.1 x 10
    many = make("explainer", "smooth_grad", samples=400, noise=0.1).explain(MadeUp(x, zero, squares=1.0))
    assert abs(many[0, 1] - 10) < 0.2


def test_an_element_without_a_range_has_no_noise():
    found = make("explainer", "smooth_grad").explain(
        MadeUp(np.full((1, 3, 1), 2, "float32"), np.zeros((3, 1), "float32"), squares=1.0)
    )
    assert np.allclose(found, 2)
