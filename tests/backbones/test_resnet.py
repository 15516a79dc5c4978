"""ResNet and its kin: the papers' counts, and the outputs of Keras's own."""

import re

import keras
import numpy as np
import pytest
from pydantic import ValidationError

from kerascnn.engine.summary import summarize
from kerascnn.spec import DataInfo
from tests.engine.made import make_spec
from tests.helpers import make


def look(**fields):
    """Return the figures of the form that was trained on ImageNet, without giving its weights memory."""
    spec = make_spec({"type": "digits"}, backbone={"type": "resnet", **fields})
    return summarize(spec, DataInfo.of((224, 224, 3), 1000))


def trainable(**fields):
    return look(**fields)["trainable_parameters"]


@pytest.mark.parametrize(
    ("fields", "count"),
    [
        ({"depth": 18}, 11_689_512),
        ({"depth": 34}, 21_797_672),
        ({"depth": 50}, 25_557_032),
        pytest.param({"depth": 101}, 44_549_160, marks=pytest.mark.slow),
        pytest.param({"depth": 152}, 60_192_808, marks=pytest.mark.slow),
        ({"depth": 50, "groups": 32, "group_width": 4}, 25_028_904),
        ({"depth": 50, "squeeze_excite": 16}, 28_088_024),
    ],
)
def test_the_parameters_are_those_of_the_papers(fields, count):
    assert trainable(**fields) == count


def test_with_the_stride_in_the_3_x_3_it_costs_what_torchvision_s_does():
    # In thousand million multiply-adds; He et al. 2015 give 3.8 for the stride in the 1 x 1.
    wanted = {"1x1": 3.858, "3x3": 4.089}
    assert {where: look(stride_in=where)["flops"] / 2e9 for where in wanted} == pytest.approx(wanted, abs=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fields", "wanted"),
    [({"depth": 101}, 7.801), ({"depth": 152}, 11.514), ({"depth": 50, "groups": 32, "group_width": 4}, 4.230)],
    ids=str,
)
def test_so_do_its_kin(fields, wanted):
    assert look(**fields, stride_in="3x3")["flops"] / 2e9 == pytest.approx(wanted, abs=1e-3)


def test_where_the_stride_is_changes_no_weight_and_no_shape():
    with keras.StatelessScope(initialize_variables=False):
        x = keras.Input((64, 96, 3))
        ours, theirs = (
            keras.Model(x, make("backbone", "resnet", stride_in=where).apply(x)) for where in ("1x1", "3x3")
        )
    assert [(w.path, w.shape) for w in ours.weights] == [(w.path, w.shape) for w in theirs.weights]
    assert [y.shape for y in ours.outputs] == [y.shape for y in theirs.outputs]
    strided = [layer.name for layer in theirs.layers if getattr(layer, "strides", 1) == (2, 2)]
    assert strided == [
        "stem_conv", "stem_pool",
        *(f"stage{stage}_block1_{conv}" for stage in (3, 4, 5) for conv in ("conv2", "short")),
    ]  # fmt: skip


def test_for_the_stride_in_the_3_x_3_no_weights_are_published():
    assert make("backbone", "resnet", stride_in="3x3").pretrained() is None


def test_version_2_has_the_parameters_of_keras():
    theirs = keras.applications.ResNet50V2(weights=None)
    assert trainable(version=2) == sum(int(np.prod(weight.shape)) for weight in theirs.trainable_weights)


@pytest.mark.parametrize("version", [1, 2])
def test_features_stand_at_their_strides(version):
    x = keras.Input((64, 96, 3))
    features = make("backbone", "resnet", version=version).apply(x)
    assert {name: tuple(y.shape[1:3]) for name, y in features.items()} == {
        "P1": (32, 48), "P2": (16, 24), "P3": (8, 12), "P4": (4, 6), "P5": (2, 3),
    }  # fmt: skip
    assert features["P5"].shape[-1] == 2048


def ours_for(name):
    """Return our name of a layer of Keras's."""
    name = re.sub(r"^conv1_(conv|bn)$", lambda m: {"conv": "stem_conv", "bn": "stem_norm"}[m[1]], name)
    name = {"post_bn": "last_norm"}.get(name, name)
    block = re.fullmatch(r"conv(\d)_block(\d+)_(?:(\d)|preact)_?(conv|bn)", name)
    if not block:
        return name
    stage, number, place, what = block.groups()
    if place is None or place == "0":
        end = {("0", "conv"): "short", ("0", "bn"): "short_norm", (None, "bn"): "norm0"}[place, what]
    else:
        end = f"{'norm' if what == 'bn' else 'conv'}{place}"
    return f"stage{stage}_block{number}_{end}"


@pytest.mark.parametrize(
    ("version", "builder"), [pytest.param(1, "ResNet50", marks=pytest.mark.slow), (2, "ResNet50V2")]
)
def test_with_keras_s_weights_the_outputs_are_keras_s(version, builder):
    theirs = getattr(keras.applications, builder)(weights=None, include_top=False, input_shape=(64, 64, 3))
    rng = np.random.default_rng(0)
    theirs.set_weights([
        rng.uniform(0.5, 1.5, w.shape) if "var" in v.path or "gamma" in v.path else rng.normal(0, 0.05, w.shape)
        for v, w in zip(theirs.weights, theirs.get_weights(), strict=True)
    ])  # fmt: skip
    x = keras.Input((64, 64, 3))
    model = keras.Model(x, make("backbone", "resnet", version=version).apply(x)["P5"])
    copied = set()
    biases = {}
    for layer in theirs.layers:
        if not layer.weights:
            continue
        ours = model.get_layer(ours_for(layer.name))
        values = layer.get_weights()
        if isinstance(layer, keras.layers.Conv2D) and len(values) > len(ours.weights):
            biases[layer.name] = values.pop()
        elif isinstance(layer, keras.layers.BatchNormalization):
            # Keras's convolutions of version 1 have a bias, which the mean of the normalisation behind it takes over.
            values[2] = values[2] - biases.get(layer.name.replace("_bn", "_conv"), 0)
        ours.set_weights(values)
        copied.add(ours.name)
    assert copied == {layer.name for layer in model.layers if layer.weights}
    pictures = rng.uniform(-1, 1, (2, 64, 64, 3)).astype("float32")
    expected = keras.ops.convert_to_numpy(theirs(pictures, training=False))
    found = keras.ops.convert_to_numpy(model(pictures, training=False))
    assert np.abs(found - expected).max() <= 1e-4 * max(1.0, np.abs(expected).max())


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"depth": 18, "groups": 32}, "groups only in version 1"),
        ({"version": 2, "group_width": 4}, "groups only in version 1"),
        ({"version": 2, "depth": 34}, "version 2 only from depth 50"),
        ({"version": 2, "squeeze_excite": 16}, "without squeeze_excite"),
        ({"depth": 34, "stride_in": "3x3"}, "stride_in: 3x3 only in version 1 from depth 50"),
        ({"version": 2, "stride_in": "3x3"}, "stride_in: 3x3 only in version 1 from depth 50"),
        ({"depth": 20}, "18, 34, 50, 101 or 152"),
    ],
)
def test_what_no_paper_has_is_refused(fields, message):
    with pytest.raises(ValidationError, match=message):
        make("backbone", "resnet", **fields)
