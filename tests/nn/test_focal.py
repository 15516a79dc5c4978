import numpy as np
import pytest

from kerascnn.nn.focal import focal
from tests.helpers import numpy


def found(p, gamma):
    return numpy(focal(np.array(p, "float32"), gamma))


@pytest.mark.parametrize("gamma", [0.5, 1, 2, 5])
def test_it_is_the_formula_of_the_paper(gamma):
    p = np.array([0.01, 0.3, 0.5, 0.9, 0.999])
    np.testing.assert_allclose(found(p, gamma), -((1 - p) ** gamma) * np.log(p), rtol=2e-4)


def test_gamma_0_is_the_cross_entropy():
    p = np.array([0.01, 0.5, 0.99])
    np.testing.assert_allclose(found(p, 0), -np.log(p), rtol=1e-5)


@pytest.mark.parametrize("gamma", [0, 0.3, 2])
def test_it_is_finite_at_0_and_nothing_at_1(gamma):
    at_0, at_1 = found([0, 1], gamma)
    assert at_0 == pytest.approx(-np.log(1e-30), rel=1e-5)
    assert at_1 == 0
