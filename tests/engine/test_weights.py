"""Weights to begin with, from files that are made here: nothing goes to the network."""

import json
import zipfile

import h5py
import keras
import numpy as np
import pytest
from keras.src.legacy.saving import legacy_h5_format
from keras.src.utils import file_utils

from kerascnn.engine import train as train_module
from kerascnn.engine.build import build, build_model
from kerascnn.engine.preprocess import Scaling
from kerascnn.engine.summary import summarize
from kerascnn.engine.train import train
from kerascnn.engine.weights import fetch_weights, kept_weights, load_weights, scale_of
from kerascnn.errors import BuildError, DataError, SpecError, UntrustedFileError
from kerascnn.runs.folder import RunFolder
from kerascnn.spec import DataInfo, Pretrained, components
from kerascnn.spec.kinds import Backbone
from tests.backbones.zoo import chance_weights
from tests.engine.made import make_folder, make_spec
from tests.helpers import make, numpy

SHAPE = (16, 16, 3)
INFO = DataInfo.of(SHAPE, 2)
CNN = {"type": "simple_cnn", "filters": [4, 6], "batch_norm": True}
NAMES = ["block1_conv1", "block1_norm1", "block2_conv1", "block2_norm1"]
CHAIN = {"type": "layers", "layers": [{"type": "conv2d", "filters": 4}, {"type": "conv2d", "filters": 4}]}
UNIT = {"normalize": "unit"}


def spec_of(weights="none", backbone=CNN, preprocess=UNIT, **sections):
    return make_spec(
        {"type": "digits"}, backbone={**backbone, "weights": str(weights)}, preprocess=preprocess, **sections
    )


def chance_model(backbone=CNN, info=INFO, preprocess=UNIT, seed=0):
    model = build_model(spec_of(backbone=backbone, preprocess=preprocess), info)
    chance_weights(model, seed)
    return model


def begun(spec, info=INFO):
    return build(spec, info, fetch_weights(spec))


def same_weights(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one.get_weights(), other.get_weights(), strict=True))


def weights_only(model, path):
    """Write weights alone as Keras 2 did, and as the files of keras.applications are."""
    with h5py.File(path, "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, model)
    return path


@pytest.fixture
def offline(monkeypatch, tmp_path):
    def fail(url, *args):
        raise file_utils.urllib.error.URLError("no network here")

    monkeypatch.setattr(file_utils, "urlretrieve", fail)
    monkeypatch.setattr(file_utils.config, "keras_home", lambda: str(tmp_path / "home"))
    (tmp_path / "home").mkdir()


class Tiny(Backbone):
    """A convolution and a normalisation, as the builder `tiny` has them with a bias more."""

    def pretrained(self):
        return Pretrained("tiny", "caffe")

    def apply(self, x):
        x = keras.layers.Conv2D(4, 3, use_bias=False, name="stem")(x)
        return {"out": keras.layers.BatchNormalization(name="norm")(x)}


def tiny(weights=None, include_top=True, input_shape=None, classes=1000):
    x = source = keras.Input(input_shape)
    x = keras.layers.Normalization(name="scale")(x)
    x = keras.layers.Conv2D(4, 3, name="conv1")(x)
    x = keras.layers.BatchNormalization(name="bn1")(x)
    if include_top:
        x = keras.layers.GlobalAveragePooling2D()(x)
        x = keras.layers.Dense(classes, name="predictions")(x)
    model = keras.Model(source, x)
    if weights:
        chance_weights(model)
    return model


@pytest.fixture
def tiny_builder(monkeypatch, registry):
    monkeypatch.setattr(keras.applications, "tiny", tiny, raising=False)
    registry["backbone"]["tiny"] = Tiny
    monkeypatch.setattr(Tiny, "type_name", "tiny")
    return tiny


# Files of ours.


@pytest.mark.parametrize("name", ["own.weights.h5", "whole.weights.h5", "whole.keras", "whole.h5", "own.keras"])
def test_a_file_of_ours_gives_the_whole_backbone(tmp_path, name):
    model = chance_model()
    file = tmp_path / name
    kept = model if name.startswith("whole") else model.get_layer("backbone")
    kept.save_weights(file) if name.endswith("weights.h5") else kept.save(file)
    built = begun(spec_of(file))
    assert same_weights(built.backbone, model.get_layer("backbone"))
    assert list(built.weights.matched) == NAMES
    assert built.weights.missing == built.weights.unused == ()
    assert str(built.weights) == f"weights: 4 of 4 layers from {file}"


def test_what_does_not_fit_is_said_by_name(tmp_path):
    chance_model().save(tmp_path / "a.keras")
    built = begun(spec_of(tmp_path / "a.keras", {**CNN, "filters": [4, 8, 9]}))
    assert built.weights.matched == ("block1_conv1", "block1_norm1")
    assert str(built.weights).endswith(
        "; not matched, from chance: block2_conv1, block2_norm1, block3_conv1, block3_norm1; left out: block2_conv1, "
        "block2_norm1"
    )
    json.dumps(built.weights.as_dict())


def test_where_nothing_fits_both_sides_are_named(tmp_path):
    chance_model().save(tmp_path / "a.keras")
    spec = spec_of(tmp_path / "a.keras", {"type": "lenet"})
    with pytest.raises(DataError, match=r"no layer .*the file has block1_conv1 \(3,3,3,4\), .*the network c1 \(5,5"):
        begun(spec, DataInfo.of((32, 32, 3), 2))


def test_layers_without_names_of_their_own_count_by_their_order(tmp_path):
    model = chance_model(CHAIN)
    model.save(tmp_path / "a.keras")
    keras.Sequential([keras.layers.Conv2D(1, 1)])  # Keras counts on
    built = begun(spec_of(tmp_path / "a.keras", CHAIN))
    assert [layer.name for layer in built.backbone.layers] != [
        layer.name for layer in model.get_layer("backbone").layers
    ]
    assert same_weights(built.backbone, model.get_layer("backbone"))


def test_layers_without_names_of_their_own_count_for_a_whole_network_alone(tmp_path):
    chance_model({**CHAIN, "layers": CHAIN["layers"][:1]}).save(tmp_path / "a.keras")
    with pytest.raises(DataError, match=r"no layer of .* fits"):
        begun(spec_of(tmp_path / "a.keras", CHAIN))


def test_layers_inside_layers_are_matched(tmp_path):
    x = keras.Input((5, 4))
    inner = keras.layers.MultiHeadAttention(2, 2, name="look")(x, x)
    model = keras.Model(x, keras.layers.Dropout(0.5)(inner), name="backbone")
    model.save_weights(tmp_path / "a.weights.h5")
    other = keras.models.clone_model(model)
    spec = spec_of(tmp_path / "a.weights.h5")
    report = load_weights(other, fetch_weights(spec))
    assert report.matched == ("look/key_dense", "look/output_dense", "look/query_dense", "look/value_dense")
    assert all(np.array_equal(a, b) for a, b in zip(other.weights, model.weights, strict=True))


# Channels.


@pytest.mark.parametrize("channels", [1, 3, 5])
def test_a_grey_picture_gives_the_same_whatever_the_number_of_channels(tmp_path, channels):
    model = chance_model()
    model.save(tmp_path / "a.keras")
    built = begun(spec_of(tmp_path / "a.keras"), DataInfo.of((16, 16, channels), 2))
    assert (built.weights.adapted == ()) == (channels == 3)
    grey = np.random.default_rng(0).random((2, 16, 16, 1)).astype("float32")
    expected = numpy(model.get_layer("backbone")(np.repeat(grey, 3, -1))["P2"])
    np.testing.assert_allclose(numpy(built.backbone(np.repeat(grey, channels, -1))["P2"]), expected, atol=1e-5)


def test_one_channel_gets_the_sum_and_more_get_the_mean_of_the_colours(tmp_path):
    model = chance_model()
    model.save(tmp_path / "a.keras")
    kernel = model.get_layer("backbone").get_layer("block1_conv1").get_weights()[0]
    for channels, factor in ((1, 1), (6, 1 / 6)):
        built = begun(spec_of(tmp_path / "a.keras"), DataInfo.of((16, 16, channels), 2))
        found = built.backbone.get_layer("block1_conv1").get_weights()[0]
        np.testing.assert_allclose(found, np.repeat(kernel.sum(2, keepdims=True) * factor, channels, 2), rtol=1e-5)
        assert built.weights.adapted == (f"adapted block1_conv1 from 3 to {channels} channels",)


# Published weights.


def test_published_weights_come_with_their_scale_and_without_what_scales(tiny_builder):
    spec = spec_of("imagenet", {"type": "tiny"}, {})
    built = begun(spec)
    theirs = tiny("imagenet", include_top=False, input_shape=SHAPE)
    pictures = np.random.default_rng(0).integers(0, 256, (2, *SHAPE)).astype("uint8")
    scaled = pictures[..., ::-1].astype("float32") - np.array([103.939, 116.779, 123.68], "float32")
    expected = numpy(theirs.get_layer("bn1")(theirs.get_layer("conv1")(scaled), training=False))
    features = keras.Model(built.model.input, built.backbone(built.model.operations[-3].output, training=False))
    np.testing.assert_allclose(numpy(features(pictures)["out"]), expected, rtol=1e-3, atol=1e-3)
    assert str(built.weights) == "weights: 2 of 2 layers from imagenet (tiny of keras.applications)"


def test_published_weights_are_adapted_to_other_channels(tiny_builder):
    built = begun(spec_of("imagenet", {"type": "tiny"}, {}), DataInfo.of((20, 9, 1), 2))
    assert built.weights.adapted == ("adapted stem from 3 to 1 channels",)


def test_another_scale_than_that_of_the_weights_is_said(tiny_builder):
    built = begun(spec_of("imagenet", {"type": "tiny"}, UNIT))
    assert "model.preprocess.normalize is unit, and they were trained with caffe" in str(built.weights)


@pytest.mark.parametrize("classes", [None, 7, 1000])
@pytest.mark.parametrize("ending", [".weights.h5", ".h5", ".keras"])
def test_a_file_in_the_builder_s_layout_fits_with_its_head_and_without(tiny_builder, tmp_path, classes, ending):
    theirs = tiny("imagenet", include_top=classes is not None, input_shape=SHAPE, classes=classes)
    file = tmp_path / f"theirs{ending}"
    if ending == ".h5":
        weights_only(theirs, file)
    else:
        theirs.save(file) if ending == ".keras" else theirs.save_weights(file)
    built = begun(spec_of(file, {"type": "tiny"}, {"normalize": "caffe"}))
    kernel, bias = theirs.get_layer("conv1").get_weights()
    gamma, beta, mean, variance = theirs.get_layer("bn1").get_weights()
    expected = [kernel, gamma, beta, mean - bias, variance]
    for found, want in zip(built.backbone.get_weights(), expected, strict=True):
        np.testing.assert_array_equal(found, want)


def test_an_old_file_fits_in_order_where_every_shape_does(tmp_path):
    x = keras.Input(SHAPE)
    y = keras.layers.Conv2D(4, 3, name="one")(x)
    theirs = keras.Model(x, keras.layers.Conv2D(4, 3, name="two")(y))
    chance_weights(theirs)
    weights_only(theirs, tmp_path / "old.h5")
    built = begun(spec_of(tmp_path / "old.h5", CHAIN))
    assert same_weights(built.backbone, theirs)


@pytest.mark.parametrize(
    ("fields", "builder", "scale"),
    [
        ({"type": "resnet"}, "ResNet50", "caffe"),
        ({"type": "resnet", "depth": 152, "version": 2}, "ResNet152V2", "symmetric"),
        ({"type": "vgg", "depth": 19}, "VGG19", "caffe"),
        ({"type": "densenet", "depth": 169}, "DenseNet169", "torch"),
        ({"type": "resnet", "depth": 34}, None, None),
        ({"type": "resnet", "groups": 32, "group_width": 4}, None, None),
        ({"type": "resnet", "squeeze_excite": 16}, None, None),
        ({"type": "vgg", "batch_norm": True}, None, None),
        ({"type": "vgg", "depth": 11}, None, None),
        ({"type": "densenet", "growth_rate": 24}, None, None),
    ],
)
def test_which_networks_have_published_weights(fields, builder, scale):
    found = make("backbone", fields["type"], **{k: v for k, v in fields.items() if k != "type"}).pretrained()
    assert found == (Pretrained(builder, scale) if builder else None)


@pytest.mark.slow
@pytest.mark.parametrize(
    "fields",
    [
        {"type": "resnet"},
        {"type": "resnet", "version": 2},
        {"type": "vgg"},
        {"type": "densenet"},
        {"type": "mobilenet", "version": 1},
        {"type": "mobilenet"},
    ],
    ids=str,
)
def test_with_published_weights_the_features_are_those_of_keras(fields, monkeypatch, tmp_path):
    spec = spec_of("imagenet", fields, {})
    published = spec.model.backbone.pretrained()
    builder = getattr(keras.applications, published.builder)
    theirs = builder(weights=None, include_top=False, input_shape=(64, 64, 3))
    chance_weights(theirs)
    file = weights_only(theirs, tmp_path / "published.h5")
    monkeypatch.setattr(file_utils, "get_file", lambda *args, **how: str(file))
    built = begun(spec, DataInfo.of((64, 64, 3), 2))
    pictures = np.random.default_rng(1).uniform(-1, 1, (2, 64, 64, 3)).astype("float32")
    expected = numpy(theirs(pictures, training=False))
    found = numpy(list(built.backbone(pictures, training=False).values())[-1])
    assert np.abs(found - expected).max() <= 1e-4 * max(1.0, np.abs(expected).max())


# Where weights cannot be had.


def test_without_a_network_one_line_says_what_to_do(offline):
    with pytest.raises(DataError) as caught:
        fetch_weights(spec_of("imagenet", {"type": "mobilenet"}, {}))
    said = str(caught.value)
    assert "\n" not in said
    assert "MobileNetV2 cannot be fetched" in said
    assert "no network here" in said
    assert "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5 into " in said
    assert said.endswith("give weights a file that you have, or begin from chance with weights: none")


@pytest.mark.parametrize(
    ("fields", "file"),
    [
        ({"type": "mobilenet", "version": 1, "width": 0.25}, "mobilenet_2_5_224_tf_no_top.h5"),
        ({"type": "mobilenet", "width": 1.4}, "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.4_224_no_top.h5"),
        ({"type": "mobilenet_v3", "size": "small", "width": 0.75}, "weights_mobilenet_v3_small_224_0.75_float_no_top"),
        (
            {"type": "mobilenet_v3", "minimalistic": True},
            "weights_mobilenet_v3_large_minimalistic_224_1.0_float_no_top",
        ),
    ],
)
def test_of_another_width_its_own_file_is_asked_for(offline, fields, file):
    with pytest.raises(DataError, match=f"/{file}"):
        fetch_weights(spec_of("imagenet", fields, {}))


def test_weights_are_looked_for_before_any_data_is_read(monkeypatch, tmp_path):
    monkeypatch.setattr(train_module, "load_data", lambda *args: pytest.fail("data was read"))
    with pytest.raises(DataError, match="there is no file"):
        train(spec_of(tmp_path / "none.keras"), tmp_path / "runs")


def test_a_summary_reads_no_weights(offline, tmp_path):
    for weights, backbone in (("imagenet", {"type": "mobilenet"}), (tmp_path / "none.keras", CNN)):
        spec = spec_of(weights, backbone, {})
        assert summarize(spec, DataInfo.of((64, 64, 3), 2)) == summarize(
            spec_of("none", backbone), DataInfo.of((64, 64, 3), 2)
        )


def broken(tmp_path, kind):
    """Write a file that is no file of weights."""
    file = tmp_path / ("a.keras" if "zip" in kind else "a.weights.h5")
    if kind == "empty":
        file.write_bytes(b"")
    elif kind == "text":
        file.write_text("weights")
    elif kind == "cut":
        chance_model().save_weights(file)
        file.write_bytes(file.read_bytes()[:-3000])
    elif kind == "no weights":
        with h5py.File(file, "w") as found:
            found.create_group("layers")
    elif kind == "no zip":
        file.write_bytes(b"PK\3\4 and so on")
    else:
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("config.json", "{}")
    return file


@pytest.mark.parametrize("kind", ["empty", "text", "cut", "no weights", "no zip", "zip without weights"])
def test_a_damaged_file_is_one_line(tmp_path, kind):
    file = broken(tmp_path, kind)
    with pytest.raises(DataError) as caught:
        fetch_weights(spec_of(file))
    assert "\n" not in str(caught.value)
    assert str(file) in str(caught.value)


@pytest.mark.parametrize(
    ("name", "message"),
    [("x.weights.h5", "there is no file"), ("folder", "is no folder of a run"), ("x.pkl", r"ends in '\.pkl'")],
)
def test_what_is_no_file_of_weights_is_refused(tmp_path, name, message):
    (tmp_path / "folder").mkdir()
    (tmp_path / "x.pkl").write_bytes(b"")
    with pytest.raises(DataError, match=message):
        fetch_weights(spec_of(tmp_path / name))


@pytest.mark.parametrize("kind", ["external link", "soft link", "external data", "bomb"])
def test_a_file_that_leads_elsewhere_is_not_trusted(tmp_path, kind):
    file, secret = tmp_path / "a.weights.h5", tmp_path / "secret.weights.h5"
    chance_model().save_weights(secret)
    with h5py.File(file, "w") as found:
        if kind == "external link":
            found["layers"] = h5py.ExternalLink(str(secret), "/layers")
        elif kind == "soft link":
            found.create_group("layers/conv2d/vars")["0"] = h5py.SoftLink("/layers")
        elif kind == "external data":
            found.create_group("layers/conv2d/vars").create_dataset("0", (4,), "f4", external=[(str(secret), 0, 16)])
    if kind == "bomb":
        file = tmp_path / "a.keras"
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("model.weights.h5", bytes(1 << 24))
    with pytest.raises(UntrustedFileError, match="is refused"):
        fetch_weights(spec_of(file))


def test_nothing_in_a_saved_model_is_run(tmp_path):
    model = chance_model()
    backbone = model.get_layer("backbone")
    y = keras.layers.Lambda(lambda x: x + 1)(backbone.output["P2"])
    keras.Model(backbone.input, y).save(tmp_path / "a.keras")
    assert same_weights(begun(spec_of(tmp_path / "a.keras")).backbone, backbone)


# The scale of pictures.


@pytest.mark.parametrize(
    ("normalize", "expected"),
    [
        ("unit", Scaling((1 / 255,), (0.0,))),
        ("none", Scaling((1.0,), (0.0,))),
        ("caffe", Scaling((1.0,) * 3, (-123.68, -116.779, -103.939), flip=True)),
    ],
)
def test_a_saved_model_says_its_scale(tmp_path, normalize, expected):
    chance_model(preprocess={"normalize": normalize}).save(tmp_path / "a.keras")
    assert scale_of(spec_of(tmp_path / "a.keras", preprocess={})) == expected


def test_a_scale_that_nothing_says_is_asked_for(tmp_path):
    chance_model().get_layer("backbone").save(tmp_path / "a.keras")
    with pytest.raises(
        BuildError, match=r"^model.preprocess.normalize: auto cannot tell the scale .*: unit, symmetric"
    ):
        fetch_weights(spec_of(tmp_path / "a.keras", preprocess={}))
    with pytest.raises(SpecError, match=r"a \.h5 file does not say the scale"):
        spec_of(tmp_path / "a.weights.h5", preprocess={})


def test_backbones_with_published_weights_are_named():
    with pytest.raises(SpecError) as caught:
        spec_of("imagenet")
    names = [n for n, cls in components("backbone").items() if cls.pretrained is not Backbone.pretrained]
    assert {"resnet", "vgg", "densenet", "mobilenet"} <= set(names)
    assert f"there are some for {', '.join(names)}. " in str(caught.value)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Return a run on colour pictures."""
    root = tmp_path_factory.mktemp("begin")
    folder = make_folder(root / "data", {"a": 12, "b": 12}, size=(16, 16), channels=3)
    return folder, train(make_spec(folder, backbone=CNN, preprocess={"normalize": "standardize"}), root / "runs")


def test_a_run_begins_where_another_ended(trained, tmp_path):
    folder, run = trained
    spec = make_spec(folder, backbone={**CNN, "weights": str(run.path)}, seed=5)
    notes = []
    progress = type("Told", (train_module.Progress,), {"note": lambda self, text: notes.append(text)})()
    second = train(spec, tmp_path, progress=progress)
    assert f"weights: 4 of 4 layers from run {run.id}" in notes
    assert second.read("effective.json")["weights"]["matched"] == NAMES
    assert "weights: 4 of 4" in (second.path / "logs" / "run.log").read_text()
    assert run.read("effective.json")["weights"] is None
    # Standardized by the first run's statistics, whatever the second one's are.
    configs = [keras.saving.load_model(one.path / "model.keras").get_layer("normalize") for one in (run, second)]
    assert configs[0].scale == configs[1].scale
    assert configs[0].offset == configs[1].offset


def test_a_training_that_goes_on_keeps_the_scale_and_loads_nothing(trained, tmp_path):
    folder, run = trained
    spec = make_spec(folder, backbone={**CNN, "weights": str(run.path)})
    begun_with = fetch_weights(spec)
    built = build(spec, INFO, begun_with)
    second = RunFolder(tmp_path)
    (tmp_path / "effective.json").write_text(json.dumps({"weights": built.weights.as_dict()}))
    (tmp_path / "state.json").write_text("{}")
    kept = kept_weights(second)
    assert kept.trained == begun_with.trained
    assert isinstance(kept.trained, Scaling)
    again = build(spec, INFO, kept)
    assert again.weights == built.weights
    assert again.model.get_layer("normalize").scale == built.model.get_layer("normalize").scale
    assert not same_weights(again.backbone, built.backbone)
    (tmp_path / "effective.json").write_text(json.dumps({"weights": None}))
    assert kept_weights(second) is None


def test_a_run_that_kept_no_model_says_so(tmp_path, trained):
    (tmp_path / "RUN.json").write_text("{}")
    (tmp_path / "state.json").write_text((trained[1].path / "state.json").read_text())
    with pytest.raises(DataError, match="kept no model; its state is 'done'"):
        fetch_weights(spec_of(tmp_path))
