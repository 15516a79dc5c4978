import sys

import keras
import numpy as np
import pytest
from pydantic import ValidationError

from kerascnn.engine.build import build, build_model
from kerascnn.engine.train import train
from kerascnn.engine.weights import fetch_weights
from kerascnn.errors import BuildError, DataError
from kerascnn.spec import DataInfo
from tests.engine.made import make_folder, make_spec
from tests.helpers import make, numpy

INFO = DataInfo.of((32, 32, 3), 2)


def spec_of(preset, preprocess=None, **fields):
    backbone = {"type": "keras_hub", "preset": str(preset), **fields}
    return make_spec({"type": "digits"}, backbone=backbone, preprocess=preprocess)


def test_without_keras_hub_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "keras_hub", None)
    for work in (lambda spec: build_model(spec, INFO), fetch_weights):
        with pytest.raises(BuildError, match=r"^model.backbone: needs keras_hub .*: pip install kerascnn\[hub\]$"):
            work(spec_of("resnet_50_imagenet"))


def test_what_would_come_from_anywhere_is_refused():
    with pytest.raises(ValidationError, match="should be the name of a preset of KerasHub itself, or a folder"):
        make("backbone", "keras_hub", preset="hf://somebody/something")


@pytest.fixture(scope="module")
def hub():
    return pytest.importorskip("keras_hub", reason="it is an extra: pip install kerascnn[hub]")


@pytest.fixture(scope="module")
def preset(hub, tmp_path_factory):
    """Return the network and the folder of a preset without a scale, made here: two stages of a ResNet."""
    network = hub.models.ResNetBackbone(
        input_conv_filters=[64],
        input_conv_kernel_sizes=[7],
        stackwise_num_filters=[64, 128],
        stackwise_num_blocks=[1, 1],
        stackwise_num_strides=[1, 2],
        block_type="basic_block",
        image_shape=(None, None, 3),
    )
    folder = tmp_path_factory.mktemp("hub") / "preset"
    network.save_to_preset(str(folder))
    return network, folder


@pytest.fixture(scope="module")
def scaled_preset(hub, preset, tmp_path_factory):
    """Return the folder of a preset that says how pictures are scaled."""
    folder = tmp_path_factory.mktemp("hub") / "scaled"
    converter = hub.layers.ResNetImageConverter(image_size=(32, 32), scale=[0.1, 0.2, 0.3], offset=[-1.0, -2.0, -3.0])
    tokens = hub.models.ResNetImageClassifierPreprocessor(converter)
    hub.models.ResNetImageClassifier(backbone=preset[0], num_classes=2, preprocessor=tokens).save_to_preset(str(folder))
    return folder


def test_the_features_are_those_of_the_preset(preset):
    network, folder = preset
    built = build(spec_of(folder, {"normalize": "none"}), INFO, fetch_weights(spec_of(folder, {"normalize": "none"})))
    pictures = np.random.default_rng(0).uniform(-1, 1, (2, 32, 32, 3)).astype("float32")
    expected = keras.Model(network.input, network.pyramid_outputs)(pictures, training=False)
    found = built.backbone(pictures, training=False)
    assert list(found) == ["P2", "P3"]
    for name in found:
        np.testing.assert_allclose(numpy(found[name]), numpy(expected[name]), atol=1e-5)
    assert built.weights.missing == ()


def test_weights_none_begins_from_chance(preset):
    network, folder = preset
    spec = spec_of(folder, {"normalize": "unit"}, weights="none")
    assert fetch_weights(spec) is None
    kernels = [build(spec, INFO).backbone.get_weights()[0], network.get_weights()[0]]
    assert kernels[0].shape == kernels[1].shape
    assert not np.array_equal(*kernels)


def test_auto_is_the_scale_that_the_preset_says(scaled_preset):
    built = build(spec_of(scaled_preset), INFO, fetch_weights(spec_of(scaled_preset)))
    layer = built.model.get_layer("normalize")
    assert layer.scale == pytest.approx([0.1, 0.2, 0.3])
    assert layer.offset == pytest.approx([-1, -2, -3])


def test_a_scale_that_the_preset_does_not_say_is_asked_for(preset):
    with pytest.raises(BuildError, match=r"auto cannot tell the scale of pictures that the preset was trained with"):
        fetch_weights(spec_of(preset[1]))


def test_grey_pictures_get_adapted_weights(preset):
    spec = spec_of(preset[1], {"normalize": "unit"})
    built = build(spec, DataInfo.of((40, 24, 1), 2), fetch_weights(spec))
    assert built.weights.adapted == ("adapted network/conv1_conv from 3 to 1 channels",)


def test_a_preset_that_is_not_there_is_one_line(hub, tmp_path):
    with pytest.raises(DataError, match="'no_such_preset' cannot be had") as caught:
        fetch_weights(spec_of("no_such_preset"))
    assert "\n" not in str(caught.value)


def test_it_trains_from_a_preset_and_a_run_goes_on_from_its_run(preset, tmp_path):
    folder = make_folder(tmp_path / "data", {"a": 8, "b": 8}, size=(32, 32), channels=3)
    backbone = {"type": "keras_hub", "preset": str(preset[1])}
    run = train(make_spec(folder, backbone=backbone, preprocess={"normalize": "torch"}), tmp_path / "runs")
    plain = keras.saving.load_model(run.path / "model.keras", safe_mode=True)
    assert {layer.__module__.partition(".")[0] for layer in plain._flatten_layers()} == {"keras"}
    second = train(make_spec(folder, backbone={**backbone, "weights": str(run.path)}), tmp_path / "runs")
    assert second.read("effective.json")["weights"]["missing"] == []
