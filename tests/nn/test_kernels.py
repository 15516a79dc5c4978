"""Which weights are kernels, which of them are large, and masks."""

import keras
import numpy as np

from kerascnn.nn.kernels import Masked, add_or_share, kernels_of, largest, zeros
from tests.helpers import numpy


def network():
    inner = keras.Input((4,))
    hidden = keras.layers.Dense(3, name="hidden")(inner)
    head = keras.Model(inner, keras.layers.Dense(2, name="logits")(hidden), name="head")
    x = keras.Input((5,), dtype="int32")
    y = keras.layers.Embedding(7, 4, name="table")(x)
    y = keras.layers.MultiHeadAttention(2, 2, name="attention")(y, y)
    y = keras.layers.Conv1D(4, 3, name="conv")(keras.layers.BatchNormalization()(y))
    return keras.Model(x, head(keras.layers.GlobalAveragePooling1D()(y)))


def test_kernels_are_no_biases_norms_or_tables():
    found = [weight.path for weight in kernels_of(network())]
    assert len(found) == 7, found
    assert all(path.partition(":")[0].endswith("kernel") for path in found)


def test_the_last_layer_of_the_head_can_be_spared():
    model = network()
    left = {weight.path for weight in kernels_of(model)} - {w.path for w in kernels_of(model, spare_last=True)}
    assert [path.split("/")[-2] for path in left] == ["logits"]


def test_frozen_kernels_are_none():
    model = network()
    model.get_layer("head").trainable = False
    assert not any("hidden" in weight.path for weight in kernels_of(model))


def test_the_smallest_are_pruned_and_of_equal_ones_the_first():
    values = np.array([[0.5, -3], [-0.5, 0.5]], "float32")
    np.testing.assert_array_equal(largest(values, 0.5), [[0, 1], [0, 1]])
    np.testing.assert_array_equal(largest(values, 0.0), np.ones((2, 2)))
    assert largest(np.arange(10.0), 0.75).sum() == 2


def test_a_masked_constraint_comes_after_the_layers_own():
    own = keras.constraints.MaxNorm(1.0, axis=0)
    weight = keras.Variable(np.array([[3.0, 1.0], [4.0, 0.0]], "float32"))
    found = numpy(Masked(keras.Variable(np.array([[0.0, 1.0], [1.0, 1.0]], "float32")), own)(weight))
    np.testing.assert_allclose(found, [[0, 1], [0.8, 0]], atol=1e-6)


def test_variables_go_into_the_optimizer_that_is_inside_one_that_scales_the_loss():
    weight = keras.Variable(np.ones((2, 2), "float32"))
    optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD())
    optimizer.build([weight])
    [mask] = add_or_share(optimizer, [weight], "mask", [], initializer="ones")
    assert any(variable is mask for variable in optimizer.variables)
    assert zeros(mask) == 0
