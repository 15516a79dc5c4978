import pytest

from tests.backbones.series import assert_blind_to_padding, reach, shapes, trained_weights
from tests.helpers import make


def test_the_weights_are_as_many_as_published():
    # 264,704 (Ismail-Fawaz et al. 2023, table of LITE); by hand: (8 + 1) 128 + (5 x 128 + 1) 256 + (3 x 256 + 1) 128,
    # and two for each of 512 channels that are normalised.
    by_hand = 9 * 128 + 641 * 256 + 769 * 128 + 2 * 512
    assert trained_weights(make("backbone", "series_fcn")) == by_hand == 264_704


def test_features_are_the_maps_and_their_mean():
    assert shapes(make("backbone", "series_fcn"), (150, 3)) == {"P0": (150, 128), "out": (128,)}


def test_padding_behind_a_series_changes_nothing():
    assert_blind_to_padding("series_fcn", filters=[8, 6], kernel_sizes=[8, 3])


def test_the_receptive_field_is_what_a_step_really_sees():
    backbone = make("backbone", "series_fcn", filters=[64, 64, 64])
    assert backbone.receptive_field() == 14 == reach(backbone, 60, place=30)


def test_each_convolution_has_a_kernel():
    with pytest.raises(ValueError, match="has 3 numbers in filters and 2 in kernel_sizes"):
        make("backbone", "series_fcn", kernel_sizes=[8, 5])
