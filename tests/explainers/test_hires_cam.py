from tests.explainers.test_grad_cam import seen
from tests.helpers import make


def test_each_place_is_weighed_with_its_own_gradient():
    values = [[[1, 10], [2, 0]], [[3, 0], [0, 1]]]
    gradients = [[[4.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [4.0, -1.0]]]
    found = make("explainer", "hires_cam").explain(seen(values, gradients))
    assert found.tolist() == [[[4, 0], [0, 0]]]
