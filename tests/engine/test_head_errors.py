import keras
import pytest

from kerascnn.engine.build import build_model
from kerascnn.engine.head_errors import explain_head
from kerascnn.errors import BuildError
from kerascnn.spec import Backbone, DataInfo, Head
from tests.engine.made import make_spec
from tests.helpers import make

CNN = {"type": "simple_cnn", "filters": [4, 8]}
FLAT = {"type": "layers", "layers": [{"type": "flatten"}]}
OF_CNN = "P1 (4, 4, 4), P2 (2, 2, 8) by the backbone 'simple_cnn': "
OTHERS = "head: {type: classifier} or {type: embedding} takes what it gives"


class Made(Head):
    """A head that does what a test says."""

    output = "classes"
    does: object = None

    def apply(self, features, outputs):
        return self.does(features, outputs)


class MadeBackbone(Backbone):
    """A backbone that does what a test says."""

    does: object = None

    def apply(self, x):
        return self.does(x)


def component(kind, value):
    if not isinstance(value, dict):
        return value
    return make(kind, value["type"], **{key: field for key, field in value.items() if key != "type"})


def spec_of(task, head, backbone=CNN):
    spec = make_spec({"type": "digits"})
    model = {"head": component("head", head), "backbone": component("backbone", backbone)}
    return spec.model_copy(update={"task": make("task", task), "model": spec.model.model_copy(update=model)})


def error_of(task, head, backbone=CNN, shape=(9, 9, 1)):
    """Return the BuildError of a head as one line, and that it stands at the head."""
    with pytest.raises(BuildError) as caught:
        build_model(spec_of(task, head, backbone), DataInfo.of(shape, 3))
    assert caught.value.spec_path == "model.head"
    said = str(caught.value)
    assert "\n" not in said
    return said.removeprefix("model.head: ")


# Heads of ours on backbones that are not for them.


def test_a_segmenter_on_rows_of_numbers_says_what_it_is_given():
    assert error_of("image_segmentation", {"type": "segmenter"}, FLAT) == (
        "the head 'segmenter' is given out (81,) by the backbone 'layers': segmenter needs maps named after their "
        "strides (P1, P2, ...), and the backbone gives out; use a backbone such as unet_encoder or simple_cnn"
    )


def test_a_forecaster_on_a_picture_is_told_the_head_for_numbers():
    assert error_of("image_regression", {"type": "forecaster"}) == (
        f"the head 'forecaster' is given {OF_CNN}it needs a backbone that gives the window itself as P0, such as tcn; "
        "head: {type: regressor} takes what it gives"
    )
    build_model(spec_of("image_regression", {"type": "regressor"}), DataInfo.of((9, 9, 1), 3))


@pytest.mark.parametrize(
    ("task", "head", "backbone", "words"),
    [
        ("object_detection", {"type": "center_detector"}, FLAT, "given out (81,) by the backbone 'layers': stride 4"),
        ("object_detection", {"type": "center_detector", "stride": 8}, CNN, f"given {OF_CNN}stride 8 needs the level"),
        ("image_segmentation", {"type": "segmenter", "filters": [3]}, CNN, f"given {OF_CNN}filters has 1 numbers"),
    ],
)
def test_what_heads_say_themselves_stands_behind_what_they_are_given(task, head, backbone, words):
    said = error_of(task, head, backbone)
    assert words in said
    assert "takes what" not in said  # they say what to do


def test_a_forecaster_on_a_series_without_its_window_is_told_another_head():
    backbone = {"type": "layers", "layers": [{"type": "conv1d", "filters": 4, "kernel_size": 3}]}
    spec = spec_of("series_forecast", {"type": "forecaster"}, backbone)
    with pytest.raises(BuildError) as caught:
        build_model(spec, DataInfo.of((32, 2), 3))
    assert "by the backbone 'layers': it needs a backbone that gives the window itself as P0" in str(caught.value)
    assert str(caught.value).endswith("; head: {type: regressor} takes what it gives")


def test_masks_of_another_size_are_no_question_of_the_head():
    said = error_of("image_segmentation", {"type": "segmenter"})
    assert said.startswith("answers 8 x 8 places for masks of 9 x 9 pixels; ")


# Heads of others, which let Keras speak.


@pytest.mark.parametrize(
    ("does", "backbone", "words"),
    [
        (
            lambda f, n: keras.layers.Conv2D(n, 3, name="odd")(f["out"]),
            FLAT,
            "is given out (81,) by the backbone 'layers': its layer 'odd' takes at least 3 axes besides the batch "
            f"(maps: height, width and channels), and gets (81,); {OTHERS}",
        ),
        (
            lambda f, n: keras.layers.GlobalAveragePooling1D(name="odd")(f["P2"]),
            CNN,
            f"its layer 'odd' takes 2 axes besides the batch (steps by channels), and gets (2, 2, 8); {OTHERS}",
        ),
        (
            lambda f, n: (lambda layer: layer(f["P1"]) + layer(f["P2"]))(keras.layers.Dense(n, name="odd")),
            CNN,
            f"its layer 'odd' takes 4 channels, and gets (2, 2, 8); {OTHERS}",
        ),
        (
            lambda f, n: keras.layers.Add(name="odd")([f["P2"], f["P1"]]),
            CNN,
            f"shapes that cannot be joined meet in its layer 'odd': (2, 2, 8) and (4, 4, 4); {OTHERS}",
        ),
        (
            lambda f, n: keras.layers.Reshape((5, 5), name="odd")(f["P1"]),
            CNN,
            f"its layer 'odd': The total size of the tensor must be unchanged. Received: input_shape=(4, 4, 4), "
            f"target_shape=(5, 5); {OTHERS}",
        ),
        (
            lambda f, n: keras.layers.Dense(n)(keras.Input((3,))),
            CNN,
            f"its answer comes from none of these features; {OTHERS}",
        ),
    ],
    ids=["rank", "other rank", "channels", "join", "reshape", "unused"],
)
def test_the_layer_and_the_shapes_are_named_and_a_head_that_fits(does, backbone, words):
    said = error_of("image_classification", Made(does=does), backbone)
    assert said.startswith("the head 'Made' is given ")
    assert said.endswith(words)


def test_a_head_that_shrinks_too_much_is_told_the_smallest_input():
    head = Made(does=lambda f, n: keras.layers.Conv2D(n, 9, name="odd")(f["P2"]))
    said = error_of("image_classification", head)
    assert f"is given {OF_CNN}its layer 'odd' gets (2, 2, 8) and takes more than that away; " in said
    assert "the backbone's input is (9, 9, 1), the smallest square input that works is 36 x 36: use larger" in said
    build_model(spec_of("image_classification", head), DataInfo.of((36, 36, 1), 3))


def test_levels_that_meet_again_are_told_an_input_that_halves_evenly():
    head = Made(does=lambda f, n: keras.layers.Add(name="odd")(
        [keras.layers.Conv2D(4, 1)(keras.layers.UpSampling2D()(f["P2"])), f["P1"]]
    ))  # fmt: skip
    said = error_of("image_classification", head, shape=(10, 10, 1))
    assert "meet in its layer 'odd': (4, 4, 4) and (5, 5, 4); " in said
    assert "an input of 12 x 12 works: use larger pictures" in said


# What is no error of Keras.


def test_a_feature_that_is_not_there_is_named():
    said = error_of("image_classification", Made(does=lambda f, n: keras.layers.Dense(n)(f["P5"])))
    assert said == f"the head 'Made' is given {OF_CNN}it needs the feature 'P5', which is not among them; {OTHERS}"


def test_what_a_head_lets_through_is_no_traceback():
    said = error_of("image_classification", Made(does=lambda f, n: keras.layers.Dense(f["P1"].shape[4])(f["P1"])))
    assert f"{OF_CNN}it fails with IndexError: tuple index out of range (test_head_errors.py, line " in said
    assert said.endswith(f"; {OTHERS}")


def test_what_a_backbone_lets_through_is_no_traceback():
    spec = spec_of("image_classification", {"type": "classifier"}, MadeBackbone(does=lambda x: x.nothing))
    with pytest.raises(BuildError) as caught:
        build_model(spec, DataInfo.of((9, 9, 1), 3))
    said = str(caught.value)
    assert said.startswith("model.backbone: the backbone 'MadeBackbone' is given (9, 9, 1): it fails with AttributeErr")
    assert isinstance(caught.value.__cause__, AttributeError)


def test_a_mistake_of_none_of_them_stays_what_it_is(monkeypatch):
    from kerascnn.engine import build

    monkeypatch.setattr(build, "raw_input", lambda *args: {}["nothing"])
    with pytest.raises(KeyError, match="nothing"):
        build_model(spec_of("image_classification", {"type": "classifier"}), DataInfo.of((9, 9, 1), 3))


def test_only_a_head_is_explained_and_only_once():
    spec, info = spec_of("image_regression", {"type": "forecaster"}), DataInfo.of((9, 9, 1), 3)
    assert explain_head(spec, info, BuildError("needs a backbone", "model.backbone")) is None
    once = explain_head(spec, info, BuildError("needs a backbone", "model.head"))
    assert explain_head(spec, info, BuildError(once, "model.head")) is None


def test_the_command_prints_the_sentence_and_ends_with_2(tmp_path, capsys):
    from kerascnn.cli.main import run

    spec = tmp_path / "odd.yaml"
    spec.write_text(
        "kerascnn: 1\nname: odd\ntask: {type: image_regression}\n"
        "data: {source: {type: manifest, path: t.csv, target_columns: [x]}, image_size: [8, 8]}\n"
        "model: {backbone: {type: simple_cnn, filters: [4]}, head: {type: forecaster}}\n"
    )
    assert run(["summary", str(spec), "--input", "8,8,1", "--classes", "2"]) == 2
    said = capsys.readouterr().err
    assert "the head 'forecaster' is given P1 (4, 4, 4) by the backbone 'simple_cnn'" in said
    assert "Traceback" not in said
