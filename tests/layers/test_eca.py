import numpy as np
import pytest
from scipy.special import expit

from tests.helpers import layer, model_of, normal, run


@pytest.mark.parametrize("shape", [(5, 8), (4, 3, 8), (2, 3, 2, 8)], ids=str)
def test_eca_gates_each_channel_by_the_means_of_its_neighbours(shape):
    x, kernel = normal(2, *shape) + 0.5, normal(3, 1, 1, seed=1)
    mean = np.pad(x.mean(tuple(range(1, x.ndim - 1))), ((0, 0), (1, 1)))
    gate = expit(sum(mean[:, i : i + 8] * kernel[i, 0, 0] for i in range(3)))
    wanted = x * gate.reshape(2, *(1,) * (x.ndim - 2), 8)
    np.testing.assert_allclose(run(layer("eca"), x, [kernel]), wanted, rtol=1e-4, atol=1e-5)


# The paper's official code: t = int(abs((log2(c) + 1) / 2)), made odd by adding 1.
@pytest.mark.parametrize(
    ("channels", "size"), [(1, 1), (4, 1), (8, 3), (64, 3), (96, 3), (128, 5), (256, 5), (1024, 5), (2048, 7)]
)
def test_the_kernel_grows_with_the_channels_as_in_the_paper(channels, size):
    assert [w.shape for w in model_of(layer("eca"), (2, 2, channels)).weights] == [(size, 1, 1)]


def test_the_kernel_may_be_given():
    assert [w.shape for w in model_of(layer("eca", kernel_size=9), (2, 2, 4)).weights] == [(9, 1, 1)]
