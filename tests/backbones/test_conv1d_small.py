from tests.backbones.series import assert_blind_to_padding, shapes, trained_weights
from tests.helpers import make


def test_the_weights_counted_by_hand():
    by_hand = 5 * 32 + 5 * 32 * 64 + 5 * 64 * 128 + 2 * (32 + 64 + 128)
    assert trained_weights(make("backbone", "conv1d_small")) == by_hand


def test_every_block_halves_the_steps():
    found = shapes(make("backbone", "conv1d_small", filters=[4, 6]), (27, 3))
    assert found == {"P1": (13, 4), "P2": (6, 6), "out": (6,)}


def test_padding_behind_a_series_changes_nothing_not_even_behind_an_odd_step():
    assert_blind_to_padding("conv1d_small", filters=[4, 6])


def test_the_receptive_field_counts_what_is_halved():
    # Kernels of 5, 5 and 5 at steps of 1, 2 and 4, and the pooling behind each.
    assert make("backbone", "conv1d_small").receptive_field() == 1 + (4 + 1) + (8 + 2) + (16 + 4)
