from contextlib import nullcontext

import keras
import numpy as np
import pytest

from kerascnn.engine import build_errors
from kerascnn.engine.build import build_model
from kerascnn.engine.build_errors import explain, explaining, smallest_that_works
from kerascnn.errors import BuildError
from kerascnn.spec import Backbone, DataInfo, Head, Layer
from tests.engine.made import make_spec
from tests.helpers import make

CONV = {"type": "conv2d", "filters": 4}


def spec_of(backbone, **sections):
    backbone = {"type": "layers", "layers": backbone} if isinstance(backbone, list) else backbone
    if isinstance(backbone, dict):
        return make_spec({"type": "digits"}, backbone=backbone, **sections)
    spec = make_spec({"type": "digits"}, **sections)
    return spec.model_copy(update={"model": spec.model.model_copy(update={"backbone": backbone})})


def error_of(backbone, shape=(8, 8, 1), **sections):
    """Return the BuildError of a backbone, explained."""
    spec, info = spec_of(backbone, **sections), DataInfo.of(shape, 3)
    with pytest.raises(BuildError) as caught, explaining(spec, info):
        build_model(spec, info)
    assert "\n" not in str(caught.value)
    return caught.value


class Made(Backbone):
    """A backbone that does what a test says."""

    does: object = None

    def apply(self, x):
        """Return what the test makes of x."""
        return {"out": self.does(x)}


class Gives(Backbone):
    """A backbone that gives what a test says, features or not."""

    does: object = None

    def apply(self, x):
        """Return the test's value for x."""
        return self.does(x)


class Answers(Head):
    """A head that answers with a value."""

    output = "classes"
    value: object = None

    def apply(self, features, outputs):
        """Return the value."""
        return self.value


class Lost(Layer):
    """A layer that gives a value."""

    value: object = None

    def apply(self, x):
        """Return the value."""
        return self.value


class PaddedTo8(Head):
    """A head that answers 8 x 8 places, whatever the size."""

    output = "mask"

    def apply(self, features, outputs):
        """Return the answer."""
        y = keras.layers.GlobalAveragePooling2D(keepdims=True)(features["P1"])
        return keras.layers.Conv2D(outputs, 1)(keras.layers.UpSampling2D(8)(y))


class Halving(Head):
    """A head that answers at the size of the first level."""

    output = "mask"

    def apply(self, features, outputs):
        """Return the answer."""
        return keras.layers.Conv2D(outputs, 1)(features["P1"])


# What shrinks to nothing.


@pytest.mark.parametrize(
    ("backbone", "shape", "path", "name", "given", "window", "smallest"),
    [
        ([{**CONV, "kernel_size": 9, "padding": "valid"}], (8, 8, 1), "layers.0", "this layer", (8, 8, 1), "9 x 9", 9),
        (
            [CONV, {"type": "max_pooling2d", "pool_size": [2, 9]}],
            (8, 8, 1),
            "layers.1",
            "this layer",
            (8, 8, 4),
            "2 x 9",
            9,
        ),
        # Five halvings leave something of 32 pixels; the fourth leaves 1 of 28.
        (
            [{"type": "repeat", "times": 5, "body": [CONV, {"type": "average_pooling2d"}]}],
            (28, 30, 3),
            "layers.0.body.1",
            "this layer",
            (1, 1, 4),
            "2 x 2",
            32,
        ),
        (
            [{"type": "residual", "body": [{"type": "depthwise_conv2d", "kernel_size": 11, "padding": "valid"}]}],
            (8, 8, 1),
            "layers.0.body.0",
            "this layer",
            (8, 8, 1),
            "11 x 11",
            None,
        ),
        # 12 x 12 is what its documentation says.
        ({"type": "lenet"}, (8, 8, 1), "", "'c3'", (4, 4, 6), "5 x 5", 12),
        ({"type": "simple_cnn", "filters": [4] * 5}, (20, 40, 3), "", "'block5_pool'", (1, 2, 4), "2 x 2", 32),
        ({"type": "alexnet"}, (32, 32, 3), "", "'pool5'", (1, 1, 256), "3 x 3", 63),
    ],
    ids=["conv2d", "max_pooling2d", "repeat", "residual", "lenet", "simple_cnn", "alexnet"],
)
def test_what_shrinks_to_nothing_is_named_with_its_shapes_and_what_works(
    backbone, shape, path, name, given, window, smallest
):
    error = error_of(backbone, shape)
    assert error.spec_path == f"model.backbone.{path}".rstrip(".")
    assert f"the input shrinks to nothing: {name} is given {given}, into which its window of {window}" in str(error)
    assert f"the backbone's input is {shape}, " in str(error)
    if smallest:
        assert f"the smallest square input that works is {smallest} x {smallest}: use larger pictures" in str(error)
        build_model(spec_of(backbone), DataInfo.of((smallest, smallest, shape[-1]), 3))
        with pytest.raises(BuildError):
            build_model(spec_of(backbone), DataInfo.of((smallest - 1, smallest - 1, shape[-1]), 3))


def test_the_words_are_these():
    error = error_of([{"type": "max_pooling2d", "pool_size": 9}])
    assert str(error) == (
        "model.backbone.layers.0: the input shrinks to nothing: this layer is given (8, 8, 1), into which its window "
        "of 9 x 9 does not fit, so that its output size would be zero or negative; the backbone's input is (8, 8, 1), "
        "the smallest square input that works is 9 x 9: use larger pictures (data.image_size, "
        "model.preprocess.resize), a smaller window, or fewer steps that shrink it"
    )


def test_cropping_more_than_there_is_is_explained_as_well():
    error = error_of([{"type": "cropping2d", "cropping": 4}])
    assert "is given (8, 8, 1) and takes more than that away" in str(error)
    assert "the smallest square input that works is 9 x 9" in str(error)


def test_the_input_is_what_preprocessing_gives():
    error = error_of({"type": "lenet"}, (100, 100, 1), preprocess={"resize": [10, 11]})
    assert "the backbone's input is (10, 11, 1), the smallest square input that works is 12 x 12" in str(error)


def test_a_feature_with_a_side_of_zero_is_explained():
    # Backends differ in whether they refuse it themselves.
    nothing = BuildError(
        "the input shrinks to nothing: 'out' has the shape (0, 0, 4) for an input of (8, 8, 1); use larger pictures",
        "model.backbone",
    )
    found = explain(spec_of([{"type": "cropping2d", "cropping": 4}]), DataInfo.of((8, 8, 1), 3), nothing)
    assert found.startswith("the input shrinks to nothing: 'out' has the shape (0, 0, 4); the backbone's input is (8,")
    assert "the smallest square input that works is 9 x 9" in found


def test_where_no_input_works_the_layers_have_to_change():
    shrinking = Made(does=lambda x: keras.layers.MaxPooling2D(2)(keras.layers.AveragePooling2D(x.shape[1])(x)))
    error = error_of(shrinking)
    assert "no square input up to 8192 x 8192 works: the layers themselves have to change" in str(error)


# Shapes that do not meet.


def test_a_residual_of_unequal_shapes_says_both_and_the_shortcut_that_fits():
    error = error_of([CONV, {"type": "residual", "body": [{"type": "conv2d", "filters": 5, "strides": 2}]}])
    assert error.spec_path == "model.backbone.layers.1"
    assert "the body makes (4, 4, 5) of (8, 8, 4), the shortcut (8, 8, 4)" in str(error)
    shortcut = {"type": "conv2d", "filters": 5, "kernel_size": 1, "strides": 2}
    assert "shortcut: [{type: conv2d, filters: 5, kernel_size: 1, strides: 2}]" in str(error)
    body = [{"type": "conv2d", "filters": 5, "strides": 2}]
    build_model(spec_of([CONV, {"type": "residual", "body": body, "shortcut": [shortcut]}]), DataInfo.of((8, 8, 1), 3))


@pytest.mark.parametrize(
    ("join", "shapes"),
    [
        (lambda x: keras.layers.Add(name="sum")([x, keras.layers.Conv2D(5, 3)(x)]), "(8, 8, 1) and (6, 6, 5)"),
        (
            lambda x: keras.layers.Concatenate(name="sum")([x, keras.layers.MaxPooling2D()(x)]),
            "(8, 8, 1) and (4, 4, 1)",
        ),
        (lambda x: keras.ops.add(x, keras.layers.MaxPooling2D()(x)), "(8, 8, 1) and (4, 4, 1)"),
    ],
    ids=["add", "concatenate", "operation"],
)
def test_shapes_that_meet_inside_of_a_backbone_are_named(join, shapes):
    error = error_of(Made(does=join))
    assert error.spec_path == "model.backbone"
    assert "shapes that cannot be joined meet" in str(error)
    assert f": {shapes}; give the way round the same filters, strides and padding" in str(error)
    assert "the backbone's input is (8, 8, 1)" in str(error)


def test_halving_and_doubling_an_odd_side_says_which_input_works():
    again = [{"type": "max_pooling2d"}, {"type": "upsampling2d"}]
    error = error_of([{"type": "residual", "body": [{"type": "repeat", "times": 1, "body": again}]}], (9, 14, 1))
    assert "the body makes (8, 14, 1) of (9, 14, 1)" in str(error)
    assert "the backbone's input is (9, 14, 1), an input of 10 x 14 works: use larger pictures" in str(error)
    assert str(error).endswith("; of the smaller ones, 8 x 14 works")


# What is left alone.


@pytest.mark.parametrize(
    ("backbone", "words"),
    [
        ([{"type": "flatten"}, CONV], "expected min_ndim=4, found ndim=2"),
        ([CONV, {"type": "group_norm", "groups": 3}], "groups"),
    ],
)
def test_what_is_no_question_of_sizes_keeps_its_words(backbone, words, monkeypatch):
    monkeypatch.setattr(build_errors, "_builds", lambda *_: pytest.fail("nothing is to be tried"))
    error = error_of(backbone)
    assert words in str(error)
    assert "the backbone's input" not in str(error)


def test_only_the_backbone_is_explained_and_only_once():
    spec, info = spec_of([CONV]), DataInfo.of((8, 8, 1), 3)
    words = "Computed output size would be zero or negative. Received `inputs shape=(None, 8, 8, 1)`"
    assert explain(spec, info, BuildError(words, "model.head")) is None
    assert explain(spec, info, BuildError(words, "")) is None
    once = explain(spec, info, BuildError(words, "model.backbone.layers.0"))
    assert explain(spec, info, BuildError(once, "model.backbone.layers.0")) is None


def test_channels_alone_are_no_reason_to_try_other_inputs(monkeypatch):
    monkeypatch.setattr(build_errors, "_builds", lambda *_: pytest.fail("nothing is to be tried"))
    assert "the shortcut (8, 8, 4)" in str(error_of([CONV, {"type": "residual", "body": [{**CONV, "filters": 5}]}]))


def test_no_memory_is_taken_by_trying():
    wide = {"type": "dense", "units": 1_000_000}
    layers = [{"type": "max_pooling2d", "pool_size": 100}, {"type": "flatten"}, wide, wide]
    assert "the smallest square input that works is 100 x 100" in str(error_of(layers))


# What is no network at all.


@pytest.mark.parametrize(
    ("gives", "words"),
    [
        (lambda x: None, "the backbone 'Gives' returns None; its apply() has to return a dict of features by name"),
        (lambda x: {}, "the backbone 'Gives' returns {} (dict); "),
        (lambda x: x, "the backbone 'Gives' returns <KerasTensor "),
        (lambda x: [x], "the backbone 'Gives' returns [<KerasTensor "),
        (lambda x: {3: x}, "the backbone 'Gives' calls a feature 3 (int); "),
        (lambda x: {"": x}, "the backbone 'Gives' calls a feature '' (str); "),
        (lambda x: {"out": None}, "the backbone 'Gives' returns None as the feature 'out'; "),
        (lambda x: {"P1": x, "out": np.zeros(3)}, "returns array([0., 0., 0.]) (ndarray) as the feature 'out'; "),
    ],
    ids=["nothing", "no feature", "a tensor", "a list", "a number", "no name", "no tensor", "an array"],
)
def test_a_backbone_that_gives_no_features_is_told_what_is_wanted(gives, words):
    error = error_of(Gives(does=gives))
    assert error.spec_path == "model.backbone"
    assert str(error).startswith("model.backbone: the backbone 'Gives' ")
    assert words in str(error)
    assert str(error).endswith("a dict of features by name, each a symbolic Keras tensor, such as {'out': x}")


@pytest.mark.parametrize("value", [None, 5, [keras.KerasTensor((None, 3))]], ids=["nothing", "a number", "a list"])
def test_a_head_that_gives_no_tensor_is_told_what_is_wanted(value):
    spec = spec_of([CONV])
    spec = spec.model_copy(update={"model": spec.model.model_copy(update={"head": Answers(value=value)})})
    with pytest.raises(BuildError) as caught:
        build_model(spec, DataInfo.of((8, 8, 1), 3))
    said = str(caught.value)
    assert said.startswith(
        "model.head: the head 'Answers' is given out (8, 8, 4) by the backbone 'layers': it returns "
    )
    assert said.endswith("; its apply() has to return a symbolic Keras tensor")


@pytest.mark.parametrize("value", [None, (1, 2)], ids=["nothing", "a pair"])
def test_a_layer_that_gives_no_tensor_is_told_what_is_wanted(value):
    inner = make("layer", "residual", body=[CONV]).model_copy(update={"body": [Lost(value=value)]})
    backbone = make("backbone", "layers", layers=[CONV]).model_copy(update={"layers": [inner]})
    error = error_of(backbone)
    assert error.spec_path == "model.backbone.layers.0.body.0"
    assert "the layer 'Lost' returns " in str(error)
    assert str(error).endswith("; its apply() has to return a symbolic Keras tensor")


# Masks.


def segmenting(shape, backbone, *, head=None, resize=None, wrong=True):
    """Return what is said of a network for masks of this shape; None where it is right, and can be built."""
    spec = spec_of(backbone, preprocess={"resize": resize} if resize else None)
    model = spec.model.model_copy(update={"head": head or make("head", "segmenter", filters=None)})
    spec = spec.model_copy(update={"task": make("task", "image_segmentation"), "model": model})
    with pytest.raises(BuildError) if wrong else nullcontext() as caught:
        build_model(spec, DataInfo.of(shape, 3))
    if not wrong:
        return None
    assert caught.value.spec_path == "model.head"
    return str(caught.value).removeprefix("model.head: ")


CNN = {"type": "simple_cnn", "filters": [4, 8]}


@pytest.mark.parametrize(
    ("backbone", "shape", "answers", "nearest"),
    [
        (CNN, (9, 9, 1), "8 x 8", ["8 x 8", "10 x 10"]),
        (CNN, (9, 12, 1), "8 x 12", ["8 x 12", "10 x 12"]),
        # A finest level with a stride of 4.
        (Gives(does=lambda x: {"P2": keras.layers.MaxPooling2D(4)(x)}), (10, 12, 1), "8 x 12", ["8 x 12", "12 x 12"]),
    ],
)
def test_masks_that_a_network_does_not_answer_name_the_nearest_sizes_that_it_does(backbone, shape, answers, nearest):
    places, pixels = answers, f"{shape[0]} x {shape[1]}"
    assert segmenting(shape, backbone) == (
        f"answers {places} places for masks of {pixels} pixels; the nearest sizes that work are {' and '.join(nearest)}"
        ": set data.image_size"
    )
    assert all(segmenting((*map(int, size.split(" x ")), 1), backbone, wrong=False) is None for size in nearest)


def test_where_only_a_larger_size_works_it_alone_is_named():
    said = segmenting((7, 7, 1), CNN, head=PaddedTo8())
    assert said.endswith("; the nearest size that works is 8 x 8: set data.image_size")


def test_pictures_that_the_network_sees_at_another_size_than_their_masks_are_told_to_leave_that_out():
    assert segmenting((12, 12, 1), CNN, resize=[8, 8]) == (
        "answers 8 x 8 places for masks of 12 x 12 pixels; the network sees them at 8 x 8: leave out "
        "model.preprocess.resize (or the image_size of the stage), 12 x 12 works as it is"
    )
    assert segmenting((9, 9, 1), CNN, resize=[8, 8]).endswith(
        "(or the image_size of the stage); the nearest sizes that work are 8 x 8 and 10 x 10: set data.image_size"
    )


def test_a_head_for_masks_that_never_has_their_size_is_said_to_be_the_wrong_one():
    said = segmenting((8, 8, 1), CNN, head=Halving())
    assert said == (
        "answers 4 x 4 places for masks of 8 x 8 pixels; no size near it works: take a head that answers at the size "
        "of the pictures, such as segmenter"
    )
    assert "answers (3,) for masks; it has to answer (height, width, classes)" in segmenting(
        (8, 8, 1), CNN, head=make("head", "classifier")
    )


# The search.


@pytest.mark.parametrize("side", [1, 7, 8, 28, 31])
@pytest.mark.parametrize("least", [32, 33, 63, 64, 224])
def test_the_smallest_side_is_found_in_few_tries(side, least):
    tried = []
    found = smallest_that_works(side, lambda n: tried.append(n) or n >= least)
    assert found == (least, True)
    assert len(tried) <= build_errors.MOST_TRIES
    assert len(set(tried)) == len(tried)


def test_a_search_that_runs_out_of_tries_says_so():
    assert smallest_that_works(8, lambda n: n >= 100, tries=6) == (112, False)
    assert smallest_that_works(8, lambda n: n >= 100, tries=2) is None
    assert smallest_that_works(8, lambda n: False) is None


# Other media than pictures.


def test_sequences_are_told_of_their_length():
    spec = make_spec(
        {"type": "digits"}, backbone={"type": "layers", "layers": [{"type": "max_pooling1d", "pool_size": 9}]}
    )
    spec = spec.model_copy(update={"task": _series_task()})
    info = DataInfo.of((5, 2), 3)
    words = "Computed output size would be zero or negative. Received: `inputs.shape=[None 5 2]`, `pool_size=[9]`"
    found = explain(spec, info, BuildError(words, "model.backbone.layers.0"))
    assert "is given (5, 2), into which its window of 9 does not fit" in found
    assert (
        "the backbone's input is (5, 2), the smallest length that works is 9: use longer series (data.length)" in found
    )


def _series_task():
    from tests.helpers import make

    return make("task", "series_classification")
