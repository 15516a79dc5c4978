import numpy as np

from tests.helpers import layer, model_of, normal, numpy, run


def test_batch_norm_infers_with_the_moving_statistics():
    x = normal(2, 3, 3, 2)
    gamma, beta, mean, variance = (
        np.array([2.0, 0.5]),
        np.array([1.0, -1.0]),
        np.array([0.3, -0.2]),
        np.array([4.0, 0.25]),
    )
    wanted = gamma * (x - mean) / np.sqrt(variance + 0.01) + beta
    found = run(layer("batch_norm", epsilon=0.01), x, [gamma, beta, mean, variance])
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


def test_batch_norm_trains_with_the_batch_and_moves_its_statistics():
    x = normal(4, 3, 3, 2)
    model = model_of(layer("batch_norm", momentum=0.9, epsilon=1e-3), (3, 3, 2))
    mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
    found = numpy(model(x, training=True))
    np.testing.assert_allclose(found, (x - mean) / np.sqrt(variance + 1e-3), rtol=1e-3, atol=1e-4)
    moving_mean, moving_variance = model.get_weights()[2:]
    np.testing.assert_allclose(moving_mean, 0.1 * mean, rtol=1e-3, atol=1e-6)
    # TensorFlow's fused kernel takes the unbiased variance, 1 / (36 - 1), for the moving one.
    np.testing.assert_allclose(moving_variance, 0.9 + 0.1 * variance, rtol=0.01)


def test_layer_norm_is_over_the_channels_of_each_place():
    x = normal(2, 3, 3, 6)
    mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    found = run(layer("layer_norm", epsilon=0.01), x)
    np.testing.assert_allclose(found, (x - mean) / np.sqrt(variance + 0.01), rtol=1e-4, atol=1e-5)


def test_group_norm_is_over_groups_of_channels_of_each_element():
    x = normal(2, 3, 3, 6)
    groups = x.reshape(2, 9, 2, 3)
    mean, variance = groups.mean((1, 3), keepdims=True), groups.var((1, 3), keepdims=True)
    wanted = ((groups - mean) / np.sqrt(variance + 0.01)).reshape(x.shape)
    found = run(layer("group_norm", groups=2, epsilon=0.01), x)
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


def test_rms_norm_divides_each_place_by_the_root_of_its_mean_square():
    x, scale = normal(2, 3, 3, 6) + 1, normal(6, seed=1)
    wanted = x / np.sqrt((x**2).mean(-1, keepdims=True) + 0.01) * scale
    np.testing.assert_allclose(run(layer("rms_norm", epsilon=0.01), x, [scale]), wanted, rtol=1e-4, atol=1e-5)
