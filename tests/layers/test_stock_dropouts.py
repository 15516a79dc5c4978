import keras
import numpy as np
import pytest

from tests.helpers import layer, run


def test_dropout_zeroes_numbers_in_training_alone():
    x = np.ones((50, 40), "float32")
    np.testing.assert_array_equal(run(layer("dropout", rate=0.25), x), x)
    keras.utils.set_random_seed(0)
    dropped = run(layer("dropout", rate=0.25), x, training=True)
    assert np.allclose(dropped[dropped > 0], 1 / 0.75)
    # 2,000 numbers: four standard deviations are 0.039.
    assert abs((dropped == 0).mean() - 0.25) < 0.039


def test_spatial_dropout2d_zeroes_whole_channels():
    x = np.ones((10, 3, 3, 20), "float32")
    np.testing.assert_array_equal(run(layer("spatial_dropout2d", rate=0.5), x), x)
    keras.utils.set_random_seed(0)
    dropped = run(layer("spatial_dropout2d", rate=0.5), x, training=True)
    np.testing.assert_array_equal(dropped, np.broadcast_to(dropped[:, :1, :1], x.shape))
    # 200 channels: four standard deviations are 0.14.
    assert abs((dropped[:, 0, 0] == 0).mean() - 0.5) < 0.14


def test_spatial_dropout3d_zeroes_whole_channels():
    x = np.ones((10, 2, 3, 2, 40), "float32")
    np.testing.assert_array_equal(run(layer("spatial_dropout3d", rate=0.25), x), x)
    keras.utils.set_random_seed(0)
    dropped = run(layer("spatial_dropout3d", rate=0.25), x, training=True)
    np.testing.assert_array_equal(dropped, np.broadcast_to(dropped[:, :1, :1, :1], x.shape))
    # 400 channels: four standard deviations are 0.087.
    assert abs((dropped[:, 0, 0, 0] == 0).mean() - 0.25) < 0.087


@pytest.mark.parametrize(
    ("name", "parameters", "deviation"),
    [
        ("gaussian_noise", {"stddev": 0.5}, 0.5),
        # The root of 0.2 / 0.8; the numbers are ones.
        ("gaussian_dropout", {"rate": 0.2}, 0.5),
    ],
)
def test_gaussian_noise_has_its_deviation_and_leaves_the_mean(name, parameters, deviation):
    x = np.ones((100, 400), "float32")
    np.testing.assert_array_equal(run(layer(name, **parameters), x), x)
    keras.utils.set_random_seed(0)
    noisy = run(layer(name, **parameters), x, training=True)
    # 40,000 numbers: four standard errors of the mean are 0.01, of the deviation 0.007.
    assert abs(noisy.mean() - 1) < 0.01
    assert abs(noisy.std() - deviation) < 0.007


def test_alpha_dropout_keeps_mean_and_variance():
    x = np.random.default_rng(0).standard_normal((200, 400)).astype("float32")
    np.testing.assert_array_equal(run(layer("alpha_dropout", rate=0.2), x), x)
    keras.utils.set_random_seed(0)
    dropped = run(layer("alpha_dropout", rate=0.2), x, training=True)
    # 80,000 numbers, of which a fifth have one value: that of selu far below zero, in the new scale.
    assert abs(dropped.mean()) < 0.02
    assert abs(dropped.std() - 1) < 0.02
    values, counts = np.unique(dropped, return_counts=True)
    assert abs(counts.max() / x.size - 0.2) < 0.006
    assert values[counts.argmax()] < -1
