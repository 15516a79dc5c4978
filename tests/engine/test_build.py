import keras
import numpy as np
import pytest

from kerascnn.engine.build import build, build_model, precision_policy
from kerascnn.errors import BuildError
from kerascnn.spec import DataInfo
from tests.engine.made import LAYERS, make_spec
from tests.helpers import numpy, pictures

DIGITS = {"type": "digits"}
INFO = DataInfo((8, 8, 1), tuple("abc"))
CONV = {"type": "conv2d", "filters": 4}


def spec_of(layers=LAYERS, **sections):
    backbone = layers if isinstance(layers, dict) else {"type": "layers", "layers": layers}
    return make_spec(DIGITS, backbone=backbone, **sections)


def preprocessed(images, info, preprocess):
    """Return what the backbone is given."""
    model = build_model(spec_of([CONV], preprocess=preprocess), info)
    return numpy(keras.Model(model.input, model.layers[-3].output)(images))


# Preprocessing, inside the model.


@pytest.mark.parametrize(("normalize", "expected"), [("unit", [0, 0.2, 1]), ("symmetric", [-1, -0.6, 1])])
def test_grey_levels_are_scaled(normalize, expected):
    images = np.array([0, 51, 255], "uint8").reshape(1, 1, 3, 1)
    got = preprocessed(images, DataInfo((1, 3, 1), ("a", "b")), {"normalize": normalize})
    assert got.dtype == np.float32
    assert got.ravel() == pytest.approx(expected, abs=1e-6)


def test_standardizing_is_by_channel():
    info = DataInfo((1, 2, 3), ("a", "b"), mean=(100.0, 10.0, 0.0), variance=(400.0, 25.0, 10_000.0))
    images = np.array([[[[100, 10, 0], [140, 0, 250]]]], "uint8")
    got = preprocessed(images, info, {"normalize": "standardize"})
    assert got[0, 0] == pytest.approx(np.array([[0, 0, 0], [2, -2, 2.5]]), abs=1e-6)


def test_standardizing_survives_a_channel_without_variance():
    info = DataInfo((1, 1, 1), ("a", "b"), mean=(77.0,), variance=(0.0,))
    assert preprocessed(np.full((1, 1, 1, 1), 79, "uint8"), info, {"normalize": "standardize"}).item() == 2.0


def test_standardizing_without_statistics_supposes_evenly_spread_levels():
    got = preprocessed(
        np.array([0, 255], "uint8").reshape(1, 1, 2, 1),
        DataInfo.of((1, 2, 1), 2),
        {"normalize": "standardize"},
    )
    assert got.ravel() == pytest.approx([-1, 1], abs=1e-6)


@pytest.mark.parametrize("size", [(4, 4), (16, 20), (13, 5)])
def test_resizing_in_the_model_is_that_of_keras(size):
    images = pictures(2, 8, 10, 3)
    got = preprocessed(images, DataInfo.of((8, 10, 3), 2), {"resize": list(size)})
    expected = keras.ops.image.resize(images.astype("float32") / 255, size, interpolation="bilinear", antialias=False)
    assert got.shape == (2, *size, 3)
    assert got == pytest.approx(numpy(expected), abs=1e-6)


def test_resizing_to_the_same_size_is_no_layer():
    model = build_model(spec_of(preprocess={"resize": [8, 8]}), INFO)
    assert [layer.name for layer in model.layers] == ["image", "normalize", "backbone", "head"]


# The model's form.


def test_backbone_and_head_are_nested_models_of_these_names():
    built = build(spec_of(), INFO)
    assert built.model.get_layer("backbone") is built.backbone
    assert built.model.get_layer("head") is built.head
    assert built.model.input_shape == (None, 8, 8, 1)
    assert built.model.inputs[0].dtype == "uint8"
    assert built.model.output_shape == (None, 3)
    features = built.backbone(np.zeros((2, 8, 8, 1), "float32"))
    assert list(features) == ["out"]
    assert built.head({"out": features["out"]}).shape == (2, 3)


def test_answers_are_probabilities_in_float32():
    answers = numpy(build_model(spec_of(), INFO)(pictures(5, 8, 8, 1)))
    assert answers.dtype == np.float32
    assert answers.sum(axis=1) == pytest.approx(np.ones(5), abs=1e-6)
    assert (answers >= 0).all()


def test_the_number_of_classes_comes_from_the_data():
    assert build_model(spec_of(), DataInfo.of((8, 8, 1), 17)).output_shape == (None, 17)


def test_freezing_the_backbone_leaves_the_head():
    built = build(spec_of(), INFO)
    everything = len(built.model.trainable_weights)
    built.model.get_layer("backbone").trainable = False
    assert {weight.path for weight in built.model.trainable_weights} == {w.path for w in built.head.weights}
    assert 0 < len(built.model.trainable_weights) < everything


def test_a_head_that_looks_at_one_feature_of_many_is_given_that_one():
    built = build(spec_of({"type": "simple_cnn", "filters": [4, 6]}), INFO)
    assert list(built.backbone.output) == ["P1", "P2"]
    assert list(built.head.input) == ["P2"]
    assert built.model(pictures(2, 8, 8, 1)).shape == (2, 3)


@pytest.mark.parametrize("branches", [[[]], [[], []]])
def test_a_backbone_may_be_the_picture_itself(branches):
    model = build_model(spec_of([{"type": "parallel", "branches": branches}]), INFO)
    assert model(pictures(2, 8, 8, 1)).shape == (2, 3)


def test_every_operation_has_its_place_in_the_spec():
    body = [{"type": "conv2d", "filters": 4}, {"type": "batch_norm"}]
    built = build(spec_of([CONV, {"type": "residual", "body": body}]), INFO)
    kinds = {type(op).__name__: built.trace.paths[id(op)] for op in built.backbone.operations[2:]}
    assert kinds == {
        "Conv2D": "model.backbone.layers.1.body.0",
        "BatchNormalization": "model.backbone.layers.1.body.1",
        "Add": "model.backbone.layers.1",
    }
    assert built.trace.paths[id(built.backbone.operations[1])] == "model.backbone.layers.0"
    assert built.trace.paths[id(built.model.get_layer("normalize"))] == "model.preprocess"
    assert built.trace.paths[id(built.head.get_layer("logits"))] == "model.head"


# What cannot be built.


NOTHING_LEFT = "output size would be zero or negative"


@pytest.mark.parametrize(
    ("layers", "path", "message"),
    [
        (
            [CONV, {"type": "residual", "body": [{"type": "conv2d", "filters": 5}]}],
            "layers.1",
            r"the body makes \(8, 8, 5\) of \(8, 8, 4\), the shortcut \(8, 8, 4\); .* put a conv2d",
        ),
        ([{**CONV, "kernel_size": 9, "padding": "valid"}], "layers.0", NOTHING_LEFT),
        ([{"type": "max_pooling2d", "pool_size": 9}], "layers.0", NOTHING_LEFT),
        (
            [{"type": "repeat", "times": 2, "body": [CONV, {"type": "max_pooling2d", "pool_size": 5}]}],
            "layers.0.body.1",
            NOTHING_LEFT,
        ),
        ({"type": "simple_cnn", "filters": [4] * 5}, "", NOTHING_LEFT),
        ({"type": "lenet"}, "", NOTHING_LEFT),
        ([CONV, {"type": "group_norm", "groups": 3}], "layers.1", r"groups \(3\) .* channels \(4\)"),
        ([CONV, {**CONV, "filters": 6, "groups": 3}], "layers.1", "groups"),
        ([{**CONV, "filters": 5, "groups": 2}], "layers.0", "evenly divisible .* groups=2, filters=5"),
        ([{"type": "flatten"}, CONV], "layers.1", "expected min_ndim=4, found ndim=2"),
        ([{**CONV, "strides": 2, "dilation_rate": 2}], "layers.0", "strides > 1"),
        (
            [{"type": "parallel", "branches": [[CONV], [{"type": "max_pooling2d"}]]}],
            "layers.0",
            "the branches end in different sizes",
        ),
    ],
)
def test_what_cannot_be_built_is_named_by_its_path(layers, path, message):
    with pytest.raises(BuildError, match=message) as caught:
        build_model(spec_of(layers), INFO)
    assert caught.value.spec_path == f"model.backbone.{path}".rstrip(".")
    assert str(caught.value).startswith(f"{caught.value.spec_path}: ")
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)


def test_too_many_layers_by_nested_repetition_are_an_error(monkeypatch):
    monkeypatch.setattr("kerascnn.spec.compose.MAX_LAYERS", 60)
    inner = {"type": "repeat", "times": 1000, "body": [{"type": "dropout"}]}
    with pytest.raises(BuildError, match="the network has more than 60 layers") as caught:
        build_model(spec_of([{"type": "repeat", "times": 1000, "body": [inner]}]), INFO)
    assert caught.value.spec_path == "model.backbone.layers.0.body.0.body.0"


def test_a_failed_build_leaves_nothing_behind():
    with pytest.raises(BuildError):
        build_model(spec_of([{"type": "max_pooling2d", "pool_size": 9}]), INFO)
    built = build(spec_of([CONV]), INFO)
    assert set(built.trace.paths.values()) == {"model.preprocess", "model.backbone.layers.0", "model.head"}


# What a trained model does.


def test_calling_a_trained_model_and_predicting_with_it_are_the_same():
    # Keras's Resizing layer tells all layers after it that they are being trained, unless it is told not to.
    layers = [*LAYERS, {"type": "dropout", "rate": 0.5}]
    head = {"type": "classifier", "dropout": 0.5}
    keras.utils.set_random_seed(0)
    model = build_model(spec_of(layers, head=head, preprocess={"resize": [12, 12]}), INFO)
    model.compile(optimizer="adam", loss="categorical_crossentropy", jit_compile=False)
    images = pictures(32, 8, 8, 1)
    model.fit(images, np.eye(3)[np.arange(32) % 3], batch_size=8, epochs=2, verbose=0)
    called, predicted = numpy(model(images)), model.predict(images, verbose=0)
    assert called == pytest.approx(predicted, abs=1e-6)
    assert np.array_equal(called, numpy(model(images)))
    assert not np.allclose(called, numpy(model(images, training=True)), atol=1e-3)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_keeps_preprocessing_and_answers_in_float32(policy):
    info = DataInfo((8, 8, 1), tuple("abc"), mean=(120.0,), variance=(900.0,))
    spec = spec_of(preprocess={"resize": [12, 12], "normalize": "standardize"})
    with precision_policy(policy):
        built = build(spec, info)
    short = policy.removeprefix("mixed_")
    assert {layer.compute_dtype for layer in built.backbone.layers if layer.weights} == {short}
    assert {weight.dtype for weight in built.model.trainable_weights} == {"float32"}
    for name in ("resize", "normalize"):
        assert built.model.get_layer(name).compute_dtype == "float32"
    for name in ("logits", "probabilities"):
        assert built.head.get_layer(name).compute_dtype == "float32"
    assert built.model.outputs[0].dtype == "float32"
    answers = numpy(built.model(pictures(4, 8, 8, 1)))
    assert answers.dtype == np.float32
    assert answers.sum(axis=1) == pytest.approx(np.ones(4), abs=1e-6)


def test_the_precision_policy_comes_back():
    def work():
        with precision_policy("mixed_bfloat16"):
            assert keras.config.dtype_policy().name == "mixed_bfloat16"
            raise KeyError

    before = keras.config.dtype_policy().name
    with pytest.raises(KeyError):
        work()
    assert keras.config.dtype_policy().name == before == "float32"
