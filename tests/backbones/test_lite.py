import keras
import numpy as np

from kerascnn.backbones.lite import handmade_filters
from tests.backbones.series import assert_blind_to_padding, shapes, trained_weights
from tests.helpers import make


def test_the_weights_are_as_many_as_published():
    # "only 9,814 trainable parameters" (abstract of arXiv:2409.02869). By hand, with the sizes of the authors' code
    # (MSD-IRIMAS/LITE @ 060a9ee classifiers/lite.py): 17 of the 113 channels of the first layer are made by hand.
    by_hand = 70 * 32 + 2 * 113 + (20 * 113 + 113 * 32 + 2 * 32) + (10 * 32 + 32 * 32 + 2 * 32)
    assert trained_weights(make("backbone", "lite")) == by_hand == 9_814


def test_it_has_the_published_share_of_the_weights_of_inception_time():
    # "only 2.34% of the number of parameters" (the same abstract).
    share = trained_weights(make("backbone", "lite")) / trained_weights(make("backbone", "inception_time"))
    assert round(100 * share, 2) == 2.34


def test_without_handmade_filters_there_are_17_channels_less():
    less = 2 * 17 + 20 * 17 + 17 * 32
    assert trained_weights(make("backbone", "lite", handmade=False)) == 9_814 - less


def test_handmade_filters_are_six_for_rising_six_for_falling_series_and_five_for_peaks():
    kernel = handmade_filters()[:, 0]
    assert kernel.shape == (96, 17)
    assert np.count_nonzero(kernel, axis=0).tolist() == [2, 4, 8, 16, 32, 64] * 2 + [6, 12, 24, 48, 96]
    # Padding "same" of two steps begins at the step itself, of 96 at 47 before it.
    assert kernel[47:49, 0].tolist() == [-1, 1]
    assert (kernel[:, :6] == -kernel[:, 6:12]).all()
    assert kernel[45:51, 12].tolist() == [-1, -1, 2, 2, -1, -1]
    assert kernel[42:54, 13].tolist() == [-0.25, -1, -1, -0.25, 0.5, 2, 2, 0.5, -0.25, -1, -1, -0.25]


def test_a_handmade_filter_answers_as_a_convolution_of_its_own_length():
    x = np.random.default_rng(0).standard_normal((2, 40, 1)).astype("float32")
    alone = keras.ops.conv(x, np.array([-1, 1, -1, 1], "float32").reshape(4, 1, 1), padding="same")
    whole = keras.ops.conv(x, handmade_filters(), padding="same")
    np.testing.assert_allclose(np.array(whole)[..., 1], np.array(alone)[..., 0], atol=1e-6)


def test_nothing_can_set_the_handmade_filters_free():
    x = keras.Input((50, 2))
    model = keras.Model(x, make("backbone", "lite").apply(x))
    for layer in model.layers:
        layer.trainable = True
    assert not any(96 in weight.shape for weight in model.weights)


def test_features_are_the_maps_and_their_mean():
    assert shapes(make("backbone", "lite", filters=8), (30, 2)) == {"P0": (30, 8), "out": (8,)}


def test_padding_behind_a_series_changes_nothing():
    assert_blind_to_padding("lite", filters=4, kernel_size=8)


def test_the_receptive_field_is_that_of_the_longest_kernels():
    assert make("backbone", "lite").receptive_field() == 96 + 19 * 2 + 9 * 4
    assert make("backbone", "lite", handmade=False).receptive_field() == 40 + 19 * 2 + 9 * 4
