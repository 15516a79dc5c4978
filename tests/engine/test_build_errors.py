import keras
import pytest

from kerascnn.engine import build_errors
from kerascnn.engine.build import build_model
from kerascnn.engine.build_errors import explain, explaining, smallest_that_works
from kerascnn.errors import BuildError
from kerascnn.spec import Backbone, DataInfo
from tests.engine.made import make_spec

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
