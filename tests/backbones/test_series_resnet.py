from tests.backbones.series import assert_blind_to_padding, reach, shapes, trained_weights
from tests.helpers import make


def test_the_weights_are_as_many_as_published():
    # 504,000 (Ismail-Fawaz et al. 2023, table of LITE).
    assert trained_weights(make("backbone", "series_resnet")) == 504_000


def test_the_weights_of_one_block_counted_by_hand():
    # Convolutions 8, 5, 3 with a bias, four normalisations, and a shortcut of size 1 from the one channel.
    by_hand = (8 * 4 + 4) + (5 * 16 + 4) + (3 * 16 + 4) + 4 * 2 * 4 + (4 + 4)
    assert trained_weights(make("backbone", "series_resnet", filters=[4])) == by_hand
    # A second block of as many channels has no convolution in its shortcut.
    second = (8 * 16 + 4) + (5 * 16 + 4) + (3 * 16 + 4) + 4 * 2 * 4
    assert trained_weights(make("backbone", "series_resnet", filters=[4, 4])) == by_hand + second


def test_features_are_the_maps_and_their_mean():
    assert shapes(make("backbone", "series_resnet"), (24, 1)) == {"P0": (24, 128), "out": (128,)}


def test_padding_behind_a_series_changes_nothing():
    assert_blind_to_padding("series_resnet", filters=[4, 6])


def test_the_receptive_field_is_what_a_step_really_sees():
    backbone = make("backbone", "series_resnet", filters=[32, 32, 32])
    assert backbone.receptive_field() == 40 == reach(backbone, 90, place=45)
