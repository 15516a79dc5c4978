import numpy as np
import pytest

from tests.backbones.series import answers, assert_blind_to_padding, shapes, trained_weights
from tests.helpers import make, normal


def test_the_weights_counted_by_hand():
    convolutions = (5 + 1) * 128 + (11 * 128 + 1) * 256 + (21 * 256 + 1) * 512
    slopes = 128 + 256 + 512
    dense = (256 + 1) * 256 + 2 * 256
    assert trained_weights(make("backbone", "series_encoder")) == convolutions + slopes + dense == 3_181_696


def test_the_answer_is_a_row_of_units():
    assert shapes(make("backbone", "series_encoder", units=7), (24, 3)) == {"out": (7,)}


def test_padding_behind_a_series_changes_nothing():
    # Without dropout, so that training is compared as well.
    assert_blind_to_padding("series_encoder", filters=[6, 8], kernel_sizes=[5, 3], units=9, dropout=0.0)


def test_a_series_that_is_halved_away_gives_finite_numbers():
    backbone = make("backbone", "series_encoder", filters=[4, 4, 4], kernel_sizes=[3, 3, 3], units=5)
    series = normal(3, 20, 1)
    series[1, 2:], series[2] = 0, 0
    assert np.isfinite(answers(backbone, series)[0]).all()


def test_the_receptive_field_counts_what_is_halved():
    assert make("backbone", "series_encoder").receptive_field() == 5 + 1 + 10 * 2 + 2 + 20 * 4


def test_the_last_channels_are_halved():
    with pytest.raises(ValueError, match=r"should end on an even number \(got 5\)"):
        make("backbone", "series_encoder", filters=[4, 5], kernel_sizes=[3, 3])
