"""Costs, receptive fields and the forecast of memory, against hand counts and published figures."""

import keras
import pytest
from keras import layers, ops

from kerascnn.engine.costs import Reach, dense_parameters, multiply_adds, reach_of, uses
from kerascnn.engine.memory import PROGRAM, kept_numbers, optimizer_numbers
from kerascnn.engine.summary import compare, summarize
from kerascnn.spec import DataInfo
from tests.engine.made import make_spec
from tests.helpers import make

DIGITS = {"type": "digits"}


def used(shape, *steps):
    """Return the uses in a model of these layers, one after another."""
    x = y = keras.Input(shape)
    for step in steps:
        y = step(y)
    return list(uses(keras.Model(x, y)))


def count(shape, *steps):
    return sum(multiply_adds(use) for use in used(shape, *steps))


def look(backbone, shape, classes=1000, head=None, **train):
    return summarize(make_spec(DIGITS, backbone=backbone, head=head, **train), DataInfo.of(shape, classes))


def rows_of(found):
    return {row["name"]: row for row in found["layers"]}


# Operations.


@pytest.mark.parametrize(
    ("layer", "shape", "expected"),
    [
        (layers.Conv2D(5, 3), (8, 10, 2), 6 * 8 * 5 * 9 * 2),
        (layers.Conv2D(4, 3, groups=2, padding="same"), (8, 8, 6), 64 * 4 * 9 * 3),
        (layers.DepthwiseConv2D(3, padding="same"), (8, 8, 6), 64 * 6 * 9),
        (layers.SeparableConv2D(7, 3, strides=2, padding="same"), (8, 8, 6), 16 * (6 * 9 + 6 * 7)),
        (layers.Conv2DTranspose(3, 2, strides=2), (4, 4, 5), 16 * 5 * 3 * 4),
        (layers.Conv1D(3, 5), (20, 2), 16 * 3 * 5 * 2),
        (layers.Conv3D(2, 3), (5, 5, 5, 1), 27 * 27 * 2),
        (layers.Dense(7), (4, 6), 4 * 6 * 7),
        (layers.EinsumDense("abc,cde->abde", output_shape=(None, 2, 3)), (4, 6), 4 * 6 * 2 * 3),
        (layers.EinsumDense("nhwc,c->nhwc", output_shape=(4, 4, 6)), (4, 4, 6), 0),  # a scale, not a product
        (layers.LSTM(3), (5, 2), 5 * 4 * 3 * (2 + 3)),
        (layers.Bidirectional(layers.GRU(3)), (5, 2), 2 * 5 * 3 * 3 * (2 + 3)),
        (layers.BatchNormalization(), (8, 8, 3), 0),
        (layers.MaxPooling2D(), (8, 8, 3), 0),
    ],
)
def test_layers_count_as_by_hand(layer, shape, expected):
    assert count(shape, layer) == expected


def test_an_embedding_multiplies_nothing():
    x = keras.Input((5,), dtype="int32")
    found = uses(keras.Model(x, layers.Embedding(10, 4)(x)))
    assert [multiply_adds(use) for use in found] == [0]


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (lambda x: ops.einsum("bqd,bkd->bqk", x, x), 6 * 6 * 4),
        (lambda x: ops.einsum("...qd,...kd->...qk", x, x), 6 * 6 * 4),
        (lambda x: ops.einsum("bqd->bdq", x), 0),
        (lambda x: ops.matmul(x, ops.transpose(x, (0, 2, 1))), 6 * 6 * 4),
        (lambda x: layers.Dot(axes=(2, 2))([x, x]), 6 * 6 * 4),
        (lambda x: layers.Attention()([x, x]), 6 * 6 * (4 + 4)),
        (lambda x: ops.conv(x, ops.ones((3, 4, 2))), 4 * 3 * 4 * 2),
    ],
)
def test_products_of_tensors_count(operation, expected):
    x = keras.Input((6, 4))
    assert sum(multiply_adds(use) for use in uses(keras.Model(x, operation(x)))) == expected


def test_attention_counts_its_projections_and_both_products():
    x, y = keras.Input((6, 8)), keras.Input((5, 8))
    model = keras.Model([x, y], layers.MultiHeadAttention(num_heads=2, key_dim=3, value_dim=4)(x, y))
    projections = 6 * 8 * 2 * 3 + 5 * 8 * 2 * 3 + 5 * 8 * 2 * 4 + 6 * 2 * 4 * 8
    assert [multiply_adds(use) for use in uses(model)] == [projections + 6 * 5 * 2 * (3 + 4)]


def test_windows_put_beside_the_batch_are_counted():
    split = lambda x: ops.reshape(x, (-1, 4, 3))  # noqa: E731 - 16 places become 4 windows of 4
    assert count((16, 3), split, layers.Dense(5)) == 16 * 3 * 5


def test_a_shared_layer_counts_as_often_as_it_is_used():
    x, shared = keras.Input((4,)), layers.Dense(4)
    assert [multiply_adds(use) for use in uses(keras.Model(x, shared(shared(x))))] == [16, 16]


def test_an_equivalent_dense_layer_has_a_weight_for_every_pair():
    (use,) = used((4, 4, 3), layers.Conv2D(2, 3))
    assert dense_parameters(use) == 48 * 8 + 8
    (use,) = used((4, 4, 3), layers.MaxPooling2D())
    assert dense_parameters(use) == 0


def test_published_counts():
    """Multiply-adds as torchvision gives them for its weights, in millions."""
    mobilenet = look({"type": "mobilenet", "version": 2}, (224, 224, 3))
    assert mobilenet["flops"] / 2e6 == pytest.approx(300.8, rel=0.001)
    assert look({"type": "resnet", "depth": 18}, (224, 224, 3))["flops"] / 2e6 == pytest.approx(1814, rel=0.001)
    assert look({"type": "vgg", "depth": 16}, (224, 224, 3), head={"type": "classifier", "hidden": [4096, 4096], "pooling": "flatten"})["flops"] / 2e6 == pytest.approx(15470, rel=0.001)  # fmt: skip  # noqa: E501


def test_resnet50_counts_as_published():
    # The paper's table has 3.8e9 for the stride in the first 1 x 1; torchvision's 4,089 million have it in the 3 x 3,
    # which leaves the first convolutions of three stages at four times the places.
    found = look({"type": "resnet", "depth": 50}, (224, 224, 3), head={"type": "classifier", "pooling": "avg"})
    multiplied = found["flops"] // 2
    assert multiplied == 3_857_973_248
    later = sum(3 * places * inputs * inner for places, inputs, inner in [(784, 256, 128), (196, 512, 256), (49, 1024, 512)])  # noqa: E501  # fmt: skip
    assert (multiplied + later) / 1e6 == pytest.approx(4089, rel=0.001)
    assert (found["depth"], found["receptive_field"], found["stride"]) == (50, 483, 32)


# Receptive fields.


def reached(shape, *steps):
    known = {}
    for use in used(shape, *steps):
        found = reach_of(use, known, shape[:-1])
        known |= {id(tensor): found for tensor in use.outputs}
    return found


@pytest.mark.parametrize(
    ("shape", "steps", "field", "stride"),
    [
        ((32, 32, 1), [layers.Conv2D(1, 3), layers.Conv2D(1, 3)], (5, 5), (1, 1)),  # two of 3 x 3 see as one of 5 x 5
        ((32, 32, 1), [layers.Conv2D(1, 3, strides=2), layers.Conv2D(1, 3, strides=2)], (7, 7), (4, 4)),
        ((32, 32, 1), [layers.Conv2D(1, 3, dilation_rate=4)], (9, 9), (1, 1)),
        ((32, 64, 1), [layers.MaxPooling2D((2, 4)), layers.Conv2D(1, (3, 1))], (6, 4), (2, 4)),
        ((32, 1), [layers.Conv1D(1, 5, strides=2), layers.Conv1D(1, 3)], (9,), (2,)),
        ((8, 8, 8, 1), [layers.Conv3D(1, 3), layers.MaxPooling3D(2)], (4, 4, 4), (2, 2, 2)),
        ((32, 32, 1), [layers.MaxPooling2D(4), layers.UpSampling2D(2)], (4, 4), (2, 2)),
        ((32, 64, 1), [layers.Conv2D(1, 3), layers.GlobalAveragePooling2D()], (32, 64), (1, 1)),
        ((32, 32, 1), [layers.Conv2D(4, 8, strides=8), layers.Reshape((16, 4))], (32, 32), (8, 8)),
        ((32, 32, 1), [layers.Reshape((16, 64)), layers.Reshape((4, 4, 64))], (32, 32), (8, 8)),
    ],
)
def test_receptive_fields_and_strides(shape, steps, field, stride):
    assert reached(shape, *steps) == Reach(field, stride)


# Memory.


@pytest.mark.parametrize(
    ("optimizer", "expected"),
    [
        ({"type": "sgd"}, 0),
        ({"type": "sgd", "momentum": 0.9}, 1),
        ({"type": "adam"}, 2),
        ({"type": "adamw"}, 2),
        ({"type": "rmsprop"}, 1),
        ({"type": "rmsprop", "momentum": 0.9}, 2),
    ],
)
def test_the_optimizer_says_what_it_keeps(optimizer, expected):
    made = make("optimizer", optimizer.pop("type"), **optimizer)
    assert optimizer_numbers(made, [(3, 3, 2, 4), (4,), ()]) == pytest.approx(expected * (72 + 4 + 1), abs=1)


def test_state_of_another_shape_than_the_weight_is_measured():
    class Factored:
        def make(self, rate, *, accumulate=1):
            return keras.optimizers.Adafactor(rate)

    # Keras keeps the whole second moment beside its rows and columns.
    assert optimizer_numbers(Factored(), [(600, 500)]) == 600 * 500 + 600 + 500


def test_the_backward_pass_keeps_what_its_gradients_need():
    # The convolution its input, normalisation its own, ReLU its output; the sum nothing. Two of the largest on the way.
    x = keras.Input((4, 4, 3))
    y = layers.BatchNormalization()(layers.Conv2D(2, 3, padding="same")(x))
    z = layers.Add()([layers.Activation("relu")(y), y])
    assert kept_numbers(uses(keras.Model(x, z)), {}) == 48 + 32 + 32 + 2 * 32


def test_a_reshaped_tensor_is_kept_once():
    x = keras.Input((4, 4, 3))
    y = layers.Dense(2)(layers.Flatten()(layers.Activation("relu")(layers.Dense(3)(x))))
    assert kept_numbers(uses(keras.Model(x, y)), {}) == 48 + 48 + 2 * 48


def test_nothing_is_kept_before_the_first_weight_that_is_trained():
    x = keras.Input((4,))
    frozen = layers.Dense(7, activation="relu")
    y = layers.Dense(2)(layers.BatchNormalization(trainable=False)(frozen(x)))
    frozen.trainable = False
    assert kept_numbers(uses(keras.Model(x, y)), {}) == 7 + 2 * 2


def test_the_forecast_adds_up_and_grows_with_the_batch():
    small, large = (look({"type": "lenet"}, (28, 28, 1), 10, batch_size=size) for size in (10, 30))
    memory = small["memory"]
    assert memory["weights"] == memory["gradients"] == 4 * 61_706
    assert memory["optimizer"] == 2 * 4 * 61_706  # Adam
    assert memory["program"] == PROGRAM * len(small["layers"])
    parts = ("weights", "gradients", "optimizer", "activations", "program")
    assert small["memory_bytes"] == sum(memory[part] for part in parts)
    assert large["memory"]["activations"] == 3 * memory["activations"]


def test_a_frozen_backbone_needs_no_gradients_and_keeps_nothing():
    stages = [{"freeze": "backbone"}]
    free = look({"type": "lenet"}, (28, 28, 1), 10)["memory"]
    found = look({"type": "lenet"}, (28, 28, 1), 10, stages=stages)["memory"]
    assert found["weights"] == free["weights"]
    assert found["gradients"] == 4 * (84 * 10 + 10)
    assert found["activations"] == 4 * 8 * (84 + 10 + 2 * 10)  # what logits and softmax need
    assert look({"type": "lenet"}, (28, 28, 1), 10, stages=[*stages, {}])["memory"] == {**free, "stage": 1}


def test_a_stage_has_a_batch_and_a_size_of_its_own():
    stages = [{"image_size": [64, 64], "batch_size": 64}, {"image_size": [32, 32], "batch_size": 128, "accumulate": 2}]
    backbone = {"type": "simple_cnn", "filters": [4]}
    found = look(backbone, (64, 64, 3), 10, stages=stages)["memory"]
    alone = look(backbone, (64, 64, 3), 10, stages=stages[1:])["memory"]
    assert (found["stage"], found["batch_size"], alone["batch_size"]) == (0, 64, 128)
    assert alone["gradients"] == found["gradients"]
    assert alone["optimizer"] == 3 * found["gradients"]  # two moments of Adam and the sum over the steps
    assert alone["activations"] / found["activations"] == pytest.approx(128 / 64 / 4, rel=0.01)


# Rows, and networks side by side.


def test_a_row_says_everything_of_a_layer():
    row = rows_of(look({"type": "lenet"}, (28, 28, 1), 10))["c3"]
    assert row == {
        "name": "c3", "type": "Conv2D", "spec_path": "model.backbone", "part": "backbone", "output_shape": [10, 10, 16],
        "parameters": 16 * 151, "dense_parameters": 14 * 14 * 6 * 1600 + 1600, "flops": 2 * 10 * 10 * 16 * 25 * 6,
        "activation_bytes": 4 * 1600, "receptive_field": 14, "stride": 2, "inputs": row["inputs"],
    }  # fmt: skip


def test_rows_name_what_feeds_them():
    body = [{"type": "conv2d", "filters": 4}]
    found = look({"type": "layers", "layers": [{"type": "conv2d", "filters": 4}, {"type": "residual", "body": body}]}, (8, 8, 1))  # fmt: skip  # noqa: E501
    fed = {row["name"]: [found["layers"][i]["name"] for i in row["inputs"]] for row in found["layers"]}
    assert fed["normalize"] == []
    first, second = (row["name"] for row in found["layers"] if row["type"] == "Conv2D")
    assert fed[first] == ["normalize"]
    assert next(sorted(fed[row["name"]]) for row in found["layers"] if row["type"] == "Add") == sorted([first, second])
    assert all(found["layers"][i]["part"] == "backbone" for i in next(r for r in found["layers"] if r["part"] == "head")["inputs"])  # fmt: skip  # noqa: E501


@pytest.mark.parametrize(("backbone", "depth"), [({"type": "vgg", "depth": 16}, 13), ({"type": "lenet"}, 4)])
def test_depth_is_the_longest_way_through_layers_with_kernels(backbone, depth):
    found = look(backbone, (64, 64, 3), 10)
    heads = [row for row in found["layers"] if row["part"] == "head" and row["flops"]]
    assert found["depth"] == depth + len(heads)


def test_networks_are_compared_by_figures_and_specs():
    specs = [make_spec(DIGITS, backbone={"type": "resnet", "depth": depth}) for depth in (18, 34)]
    found = [summarize(spec, DataInfo.of((64, 64, 3), 5)) for spec in specs]
    both = compare(specs, found)
    assert both["networks"] == found
    assert both["differences"]["spec"] == {"model.backbone.depth": [18, 34]}
    figures = both["differences"]["figures"]
    assert figures["depth"] == [18, 34]
    assert figures["parameters"] == [one["parameters"] for one in found]
    assert "input_shape" not in figures
