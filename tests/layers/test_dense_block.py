import keras
import numpy as np

from tests.helpers import layer, model_of, numpy
from tests.layers.blocks import NORM, act, assert_same, conv, parameters


def test_every_layer_of_a_dense_block_sees_all_before_it():
    block = layer("dense_block", layers=2, growth_rate=3, bottleneck=2)
    body = [NORM, act(), conv(6), NORM, act(), conv(3, 3)]
    grow = {"type": "parallel", "branches": [[], body]}
    assert_same(block, [grow, grow])
    assert model_of(block, (8, 8, 6)).output_shape == (None, 8, 8, 12)


def test_without_a_bottleneck_there_is_one_convolution_for_each():
    block = layer("dense_block", layers=2, growth_rate=4, bottleneck=0, activation="elu")
    grow = {"type": "parallel", "branches": [[], [NORM, act("elu"), conv(4, 3)]]}
    assert_same(block, [grow, grow])


def test_it_has_the_parameters_of_the_paper():
    # The first block of DenseNet-121: 64 channels grow by 32 six times.
    weights = model_of(layer("dense_block", layers=6, growth_rate=32), (8, 8, 64)).trainable_weights
    each = [2 * c + c * 128 + 2 * 128 + 9 * 128 * 32 for c in range(64, 256, 32)]
    assert parameters(weights) == sum(each)


def test_dropout_is_of_what_is_added_alone():
    keras.utils.set_random_seed(0)
    model = model_of(layer("dense_block", layers=1, growth_rate=50, dropout=0.5), (4, 4, 2))
    x = np.random.default_rng(0).standard_normal((50, 4, 4, 2)).astype("float32")
    found = numpy(model(x, training=True))
    np.testing.assert_array_equal(found[..., :2], x)
    # 40,000 numbers: four standard deviations are 0.01.
    assert abs((found[..., 2:] == 0).mean() - 0.5) < 0.011
