import numpy as np
import pytest
from pydantic import ValidationError

from tests.helpers import layer, normal, run
from tests.oracles import adapt, correlate, pool, spread


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"padding": "valid"},
        {"kernel_size": [1, 2, 3], "strides": [2, 1, 2]},
        {"kernel_size": 2, "strides": 2, "padding": "valid"},
    ],
    ids=str,
)
def test_conv3d_is_the_textbook_cross_correlation(parameters):
    conv = layer("conv3d", filters=3, **parameters)
    x, kernel, bias = normal(2, 4, 5, 6, 2), normal(*conv.kernel_size, 2, 3, seed=1), normal(3, seed=2)
    wanted = correlate(x, kernel, conv.strides, None, conv.padding) + bias
    np.testing.assert_allclose(run(conv, x, [kernel, bias]), wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("parameters", [{}, {"kernel_size": 2}, {"strides": [1, 2, 3]}, {"padding": "valid"}], ids=str)
def test_conv3d_transpose_writes_its_kernel_for_every_number(parameters):
    conv = layer("conv3d_transpose", filters=2, **parameters)
    x, kernel, bias = normal(1, 2, 3, 2, 3), normal(*conv.kernel_size, 2, 3, seed=1), normal(2, seed=2)
    wanted = spread(x, kernel, conv.strides, conv.padding) + bias
    np.testing.assert_allclose(run(conv, x, [kernel, bias]), wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("name", "how"), [("max_pooling3d", np.max), ("average_pooling3d", np.mean)])
@pytest.mark.parametrize(
    "parameters",
    [{}, {"pool_size": [1, 2, 3], "strides": 1}, {"pool_size": 3, "strides": 2, "padding": "same"}],
    ids=str,
)
def test_pooling3d_is_that_of_the_textbook(name, how, parameters):
    x, pooling = normal(2, 4, 5, 6, 2), layer(name, **parameters)
    wanted = pool(x, pooling.pool_size, pooling.strides, pooling.padding, how)
    np.testing.assert_allclose(run(pooling, x), wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("name", "how"), [("adaptive_max_pooling3d", np.max), ("adaptive_average_pooling3d", np.mean)])
def test_adaptive_pooling3d_covers_any_volume_with_so_many_windows(name, how):
    x = normal(2, 4, 5, 7, 2)
    found = run(layer(name, output_size=[3, 3, 4]), x)
    np.testing.assert_allclose(found, adapt(x, (3, 3, 4), how), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("name", "how"), [("global_max_pooling3d", np.max), ("global_average_pooling3d", np.mean)])
def test_global_pooling3d_is_over_the_whole_volume(name, how):
    x = normal(2, 3, 4, 5, 2)
    np.testing.assert_allclose(run(layer(name), x), how(x, axis=(1, 2, 3)), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("size", [0, [3, 3], [1, 2, 9000], "3", True, [1, 2, 2.5]], ids=str)
def test_sizes_are_one_whole_number_or_three(size):
    with pytest.raises(ValidationError, match="kernel_size"):
        layer("conv3d", filters=2, kernel_size=size)
