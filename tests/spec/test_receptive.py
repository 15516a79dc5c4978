import pytest

from kerascnn.spec.receptive import steps_seen
from tests.helpers import make

CONV = {"type": "conv1d", "filters": 4, "kernel_size": 5}
POOL = {"type": "max_pooling1d"}


def seen(*layers):
    return steps_seen(make("backbone", "layers", layers=list(layers)))


@pytest.mark.parametrize(
    ("layers", "steps"),
    [
        ([CONV], 5),
        ([CONV, CONV], 9),
        ([CONV | {"dilation_rate": 3}], 13),
        ([CONV | {"strides": 2}, CONV], 13),
        ([CONV, POOL, CONV], 5 + 1 + 8),
        ([POOL | {"pool_size": 3, "strides": 1}, CONV], 7),
        ([{"type": "repeat", "times": 3, "body": [CONV, {"type": "activation"}]}], 13),
        ([{"type": "residual", "body": [CONV, CONV]}, CONV], 13),
        ([{"type": "parallel", "branches": [[CONV], [], [CONV | {"kernel_size": 9}]]}], 9),
        ([CONV, {"type": "eca", "kernel_size": 7}, {"type": "global_average_pooling1d"}], 5),
        ([{"type": "separable_conv1d", "filters": 4, "kernel_size": 7}], 7),
    ],
)
def test_steps_are_counted_through_kernels_strides_and_dilation(layers, steps):
    assert seen(*layers) == steps


@pytest.mark.parametrize("layer", [{"type": "flatten"}, {"type": "self_attention", "heads": 2}])
def test_behind_a_layer_that_sees_all_steps_nothing_is_known(layer):
    assert seen(CONV, layer) is None
    assert seen({"type": "residual", "body": [layer]}) is None


def test_a_network_says_it_itself_where_it_can():
    assert steps_seen(make("backbone", "inception_time")) == 235
    assert steps_seen(make("backbone", "resnet")) is None
