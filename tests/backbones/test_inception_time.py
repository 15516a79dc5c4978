import pytest

from tests.backbones.series import assert_blind_to_padding, reach, shapes, trained_weights
from tests.helpers import make


def test_the_weights_are_those_of_the_authors_network_counted_by_hand():
    # The layers of hfawaz/InceptionTime @ 458e5ca classifiers/inception.py (depth 6, 32 filters, kernels of 40, 20 and
    # 10, no biases) without its last one, on one channel. The sum is ours; test_lite has the share that is published.
    first = (40 + 20 + 10) * 32 + 32 + 2 * 128  # one channel has no bottleneck
    other = 128 * 32 + (40 + 20 + 10) * 32 * 32 + 128 * 32 + 2 * 128
    shortcuts = (128 + 2 * 128) + (128 * 128 + 2 * 128)
    assert first + 5 * other + shortcuts == 420_192
    assert trained_weights(make("backbone", "inception_time")) == 420_192
    assert trained_weights(make("backbone", "inception_time", depth=1)) == first
    assert trained_weights(make("backbone", "inception_time", depth=2)) == first + other


def test_features_are_the_maps_and_their_mean():
    backbone = make("backbone", "inception_time", filters=8, kernel_sizes=[5, 3])
    assert shapes(backbone, (24, 6)) == {"P0": (24, 24), "out": (24,)}


@pytest.mark.parametrize("bottleneck", [0, 3])
def test_padding_behind_a_series_changes_nothing(bottleneck):
    assert_blind_to_padding("inception_time", filters=4, depth=3, bottleneck=bottleneck)


def test_the_receptive_field_is_what_a_step_really_sees():
    backbone = make("backbone", "inception_time", filters=16, depth=2, kernel_sizes=[9, 5])
    assert backbone.receptive_field() == 17 == reach(backbone, 50, place=25)
