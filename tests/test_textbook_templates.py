"""The small networks of the textbooks: every layer has the shape and the parameters that a hand computes."""

from pathlib import Path

import pytest

from kerascnn.engine.describe import describe_input
from kerascnn.engine.summary import summarize
from kerascnn.spec import load_spec

TEMPLATES = Path(__file__).parents[1] / "templates" / "image_classification"


def conv(size, channels, filters):
    """Return the row of a padded 3 x 3 convolution: as large as its input, (9 * channels + 1) * filters weights."""
    return "Conv2D", [size, size, filters], (9 * channels + 1) * filters


def norm(*shape):
    """Return the row of a normalisation: scale, shift, mean and variance of each channel."""
    return "BatchNormalization", [*shape], 4 * shape[-1]


def pool(size, channels):
    """Return the row of a pooling that halves to this size."""
    return "MaxPooling2D", [size, size, channels], 0


def drop(*shape):
    return "Dropout", [*shape], 0


def dense(inputs, units):
    return "Dense", [units], (inputs + 1) * units


def flatten(size, channels):
    return "Flatten", [size * size * channels], 0


def two(size, channels, filters):
    """Return the rows of two convolutions, each of them normalised."""
    shape = (size, size, filters)
    return [conv(size, channels, filters), norm(*shape), conv(size, filters, filters), norm(*shape)]


NETWORKS = {
    "textbook_mnist_cnn": (
        "28,28,1",
        [
            conv(28, 1, 32), pool(14, 32),
            conv(14, 32, 64), pool(7, 64),
            flatten(7, 64), dense(3136, 128), drop(128),
        ],
        320 + 18_496 + 401_536 + 1_290,
    ),
    "textbook_cifar10_cnn": (
        "32,32,3",
        [
            conv(32, 3, 32), pool(16, 32),
            conv(16, 32, 64), pool(8, 64),
            conv(8, 64, 128), pool(4, 128),
            flatten(4, 128), dense(2048, 128), drop(128),
        ],
        896 + 18_496 + 73_856 + 262_272 + 1_290,
    ),
    "textbook_vgg": (
        "32,32,3",
        [
            conv(32, 3, 64), conv(32, 64, 64), pool(16, 64),
            conv(16, 64, 128), conv(16, 128, 128), pool(8, 128),
            conv(8, 128, 256), conv(8, 256, 256), pool(4, 256),
            flatten(4, 256), dense(4096, 256), drop(256),
        ],
        1_792 + 36_928 + 73_856 + 147_584 + 295_168 + 590_080 + 1_048_832 + 2_570,
    ),
    "textbook_regularized": (
        "32,32,3",
        [
            *two(32, 3, 32), pool(16, 32), drop(16, 16, 32),
            *two(16, 32, 64), pool(8, 64), drop(8, 8, 64),
            *two(8, 64, 128), pool(4, 128), drop(4, 4, 128),
            flatten(4, 128), dense(2048, 128), norm(128), drop(128),
        ],
        896 + 9_248 + 18_496 + 36_928 + 73_856 + 147_584 + 4 * 2 * (32 + 64 + 128) + 262_272 + 512 + 1_290,
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def summaries():
    found = {}
    for name, (size, *_) in NETWORKS.items():
        spec = load_spec(TEMPLATES / f"{name}.yaml")
        found[name] = summarize(spec, describe_input(spec, 10, size))
    return found


@pytest.mark.parametrize("name", NETWORKS)
def test_every_layer_has_the_shape_and_the_parameters_of_the_table(name, summaries):
    rows = [row for row in summaries[name]["layers"] if row["spec_path"].startswith("model.backbone.layers.")]
    assert [(row["type"], row["output_shape"], row["parameters"]) for row in rows] == NETWORKS[name][1]
    assert [row["spec_path"] for row in rows] == [f"model.backbone.layers.{i}" for i in range(len(rows))]


@pytest.mark.parametrize("name", NETWORKS)
def test_the_parameters_are_the_sum_and_stand_in_the_template(name, summaries):
    total = summaries[name]["parameters"]
    assert total == NETWORKS[name][2]
    assert f"{total:,} parameters" in (TEMPLATES / f"{name}.yaml").read_text("utf-8")
    assert summaries[name]["output_shape"] == [10]


def test_the_first_network_costs_what_a_hand_computes(summaries):
    rows = {row["spec_path"].rpartition(".")[2]: row["flops"] for row in summaries["textbook_mnist_cnn"]["layers"]}
    # Two for each multiply-add: 28 x 28 places of 9 x 1 x 32, 14 x 14 places of 9 x 32 x 64, and 3136 x 128.
    assert (rows["0"], rows["2"], rows["5"]) == (451_584, 7_225_344, 802_816)


def test_what_holds_the_regularized_network_back_stands_in_its_layers():
    layers = load_spec(TEMPLATES / "textbook_regularized.yaml").model.backbone.layers
    assert [layer.rate for layer in layers if layer.type_name == "dropout"] == [0.2, 0.3, 0.4, 0.5]
    assert {layer.kernel_l2 for layer in layers if layer.type_name in ("conv2d", "dense")} == {1e-4}
    assert [layer.max_norm for layer in layers if layer.type_name == "dense"] == [3.0]
