from tests.helpers import layer, model_of
from tests.layers.blocks import NORM, act, assert_same, conv

FILTERS = {
    "filters_1x1": 2, "reduce_3x3": 3, "filters_3x3": 4, "reduce_5x5": 1, "filters_5x5": 5, "filters_pool": 6,
}  # fmt: skip
POOL = {"type": "max_pooling2d", "pool_size": 3, "strides": 1, "padding": "same"}


def test_inception_block_is_four_ways_beside_each_other():
    def way(filters, size):
        return conv(filters, size, use_bias=True), act()

    branches = [way(2, 1), way(3, 1) + way(4, 3), way(1, 1) + way(5, 5), (POOL, *way(6, 1))]
    assert_same(layer("inception_block", **FILTERS), [{"type": "parallel", "branches": list(map(list, branches))}])
    assert model_of(layer("inception_block", **FILTERS), (8, 8, 6)).output_shape == (None, 8, 8, 17)


def test_normalisation_takes_the_place_of_biases():
    def way(filters, size):
        return conv(filters, size), NORM, act("elu")

    branches = [way(2, 1), way(3, 1) + way(4, 3), way(1, 1) + way(5, 5), (POOL, *way(6, 1))]
    block = layer("inception_block", **FILTERS, activation="elu", batch_norm=True)
    assert_same(block, [{"type": "parallel", "branches": list(map(list, branches))}])


def test_the_defaults_are_block_3a_of_the_paper():
    model = model_of(layer("inception_block"), (28, 28, 192))
    assert model.output_shape == (None, 28, 28, 256)
    assert model.count_params() == 163_696
