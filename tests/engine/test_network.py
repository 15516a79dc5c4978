"""Explanations of real networks: gradients, where maps lie, and what they change with."""

import numpy as np
import pytest

from kerascnn.engine.build import build_model
from kerascnn.engine.maximise import of_channels, of_classes
from kerascnn.engine.network import Network, explain
from kerascnn.errors import UsageError
from kerascnn.spec import DataInfo
from tests.engine.made import make_spec
from tests.engine.made_sequences import sequence_spec
from tests.helpers import make, pictures

METHODS = ["grad_cam", "hires_cam", "saliency", "smooth_grad", "integrated_gradients", "occlusion"]
SMOOTH = [
    {"type": "conv2d", "filters": 4, "activation": "tanh"},
    {"type": "average_pooling2d"},
    {"type": "conv2d", "filters": 3, "activation": "tanh"},
]
STRIPES = [{"type": "conv2d", "filters": 2, "activation": "relu"}]


def network(layers, shape=(8, 8, 1), classes=2, *, head=None, preprocess=None, seed=0):
    """Return a network with weights of chance."""
    spec = make_spec(
        {"type": "digits"}, backbone={"type": "layers", "layers": layers}, head=head, preprocess=preprocess
    )
    info = DataInfo.of(shape, classes)
    model = build_model(spec, info)
    rng = np.random.default_rng(seed)
    model.set_weights([rng.normal(0, 0.5, w.shape) for w in model.get_weights()])
    return Network(model, spec.task, info.labels)


def put(model, *weights):
    model.set_weights([np.asarray(w, "float32") for w in weights])


def striped():
    """Return a network that counts upright stripes for class 0 and lying ones for class 1, its weights set by hand."""
    found = network(STRIPES, (16, 16, 1))
    upright = np.repeat([[-1.0, 2.0, -1.0]], 3, 0)
    kernel = np.stack([upright, upright.T], -1)[:, :, None]
    # Only stripes are more than 2.
    put(found.model, kernel, [-2.0, -2.0], np.eye(2) * 8, [0.0, 0.0])
    return found


def both_stripes():
    """Return a picture with upright stripes in its upper left quarter, and lying ones in its lower right."""
    picture = np.zeros((1, 16, 16, 1), "uint8")
    picture[0, 1:7, 1:7:2] = 255
    picture[0, 9:15:2, 9:15] = 255
    return picture


def test_gradients_are_those_of_finite_differences():
    smooth = network(SMOOTH, classes=3)
    seen = smooth.look(pictures(3, 8, 8, 1), [0, 1, 2])
    rows = np.arange(3)
    gradients = seen.gradients(seen.inputs, rows)
    rng = np.random.default_rng(1)
    for _ in range(3):
        way = rng.standard_normal(seen.inputs.shape).astype("float32")
        up, down = (seen.scores(seen.inputs + sign * 0.01 * way, rows) for sign in (1, -1))
        slopes = (gradients * way).reshape(3, -1).sum(1)
        assert np.allclose(slopes, (up - down) / 0.02, rtol=0.02, atol=1e-3)


@pytest.mark.parametrize("layer", ["conv2d", "average_pooling2d"])
def test_gradients_inside_are_those_of_finite_differences(layer):
    smooth = network(SMOOTH, classes=3)
    names = [operation.name for operation in smooth.backbone.operations if operation.name.startswith(layer)]
    seen = smooth.look(pictures(2, 8, 8, 1), [2, 1])
    features = seen.features(names[0])[0]
    back = smooth.gradients_at(smooth.taps(names[0]))[0].back
    way = np.random.default_rng(1).standard_normal(features.values.shape).astype("float32")
    answers = [back.predict_on_batch([features.values + sign * 0.01 * way]) for sign in (1, -1)]
    up, down = ((np.asarray(one) * seen.weights).sum(1) for one in answers)
    slopes = (features.gradients * way).reshape(2, -1).sum(1)
    assert np.allclose(slopes, (up - down) / 0.02, rtol=0.02, atol=1e-3)


@pytest.mark.parametrize("method", METHODS)
def test_a_map_lies_where_what_the_class_means_is(method):
    found = striped()
    maps = explain(found, make("explainer", method), np.repeat(both_stripes(), 2, 0), [0, 1])
    assert maps.shape == (2, 16, 16)
    assert maps.dtype == np.float32
    strong = np.maximum(maps, 0)
    assert strong[0, :8, :8].sum() > 0.8 * strong[0].sum() > 0
    assert strong[1, 8:, 8:].sum() > 0.8 * strong[1].sum() > 0


def test_hires_cam_shows_what_the_network_used_where_grad_cam_does_not():
    # Bright everywhere, and the head looks at the upper left quarter alone: figure 1 of arXiv:2011.08891.
    found = network(
        [{"type": "conv2d", "filters": 1, "kernel_size": 1, "activation": "relu"}],
        head={"type": "classifier", "pooling": "flatten"},
    )
    dense = np.zeros((8, 8, 2))
    dense[:4, :4, 0] = 1
    put(found.model, np.ones((1, 1, 1, 1)), [0.0], dense.reshape(64, 2), [0.0, 0.0])
    bright = np.full((1, 8, 8, 1), 200, "uint8")
    for method, share in [("hires_cam", 1), ("saliency", 1), ("integrated_gradients", 1), ("grad_cam", 0.25)]:
        one = explain(found, make("explainer", method), bright, [0])[0]
        assert one[:4, :4].sum() / one.sum() == pytest.approx(share, abs=1e-5), method


@pytest.mark.parametrize("method", METHODS)
def test_other_weights_give_another_map(method):
    # Adebayo et al. 2018 (arXiv:1810.03292): a map that stays the same says nothing of the network.
    found = network([{"type": "conv2d", "filters": 4, "activation": "relu"}, {"type": "max_pooling2d"}])
    x = pictures(1, 8, 8, 1)
    explainer = make("explainer", method)
    before = explain(found, explainer, x, [1])[0]
    assert (explain(found, explainer, x, [1])[0] == before).all()
    rng = np.random.default_rng(5)
    found.model.set_weights([rng.permutation(w.ravel()).reshape(w.shape) for w in found.model.get_weights()])
    after = explain(found, explainer, x, [1])[0]
    assert before.any()
    likeness = np.corrcoef(before.ravel(), after.ravel())[0, 1] if after.any() else 0
    assert abs(likeness) < 0.95


def test_integrated_gradients_are_complete():
    found = network(
        [{"type": "conv2d", "filters": 6, "activation": "relu"}, {"type": "max_pooling2d"}],
        preprocess={"normalize": "symmetric"},
    )
    x = pictures(2, 8, 8, 1)
    seen = found.look(x, [0, 1])
    assert seen.empty.max() == -1  # a black picture, at this scale
    maps = make("explainer", "integrated_gradients", steps=200).explain(seen)
    black = np.repeat(seen.empty[None], 2, 0)
    difference = seen.scores(seen.inputs, np.arange(2)) - seen.scores(black, np.arange(2))
    assert np.allclose(maps.sum((1, 2)), difference, rtol=0.01, atol=0.01)


def test_a_score_is_the_number_before_the_softmax():
    found = network(SMOOTH, classes=3)
    x = pictures(2, 8, 8, 1)
    seen = found.look(x, [0, 2])
    answers = np.asarray(found.model.predict_on_batch(x))
    asked = [found.look(x, [number, number]) for number in range(3)]
    scores = np.stack([one.scores(one.inputs, np.arange(2)) for one in asked], 1)
    assert np.allclose(np.exp(scores) / np.exp(scores).sum(1, keepdims=True), answers, atol=1e-5)
    assert np.allclose(seen.scores(seen.inputs, np.arange(2)), [scores[0, 0], scores[1, 2]])


def test_pictures_that_the_model_resizes_get_maps_of_their_own_size():
    found = network(STRIPES, (8, 12, 1), preprocess={"resize": [16, 16]})
    for method in ("grad_cam", "saliency"):
        assert explain(found, make("explainer", method), pictures(2, 8, 12, 1), [0, 1]).shape == (2, 8, 12)


def test_an_unknown_layer_is_named_with_the_nearest():
    found = network(STRIPES)
    with pytest.raises(UsageError, match=r"no feature and no layer named 'outt'; did you mean 'out'\?"):
        found.taps("outt")
    flat = network([*STRIPES, {"type": "flatten"}])
    with pytest.raises(UsageError, match=r"'out' gives 128, which is no map over several places"):
        flat.taps("out")


def test_a_network_without_maps_says_which_methods_are_left():
    found = network([{"type": "flatten"}, {"type": "dense", "units": 4}])
    with pytest.raises(UsageError, match=r"has no feature maps.*take another method, such as saliency"):
        explain(found, make("explainer", "grad_cam"), pictures(1, 8, 8, 1), [0])
    assert explain(found, make("explainer", "saliency"), pictures(1, 8, 8, 1), [0]).any()


def text_network():
    """Return a network for texts that answers class 1 for token 5 alone, its weights set by hand."""
    spec = sequence_spec(
        "text_classification",
        {"type": "text_lines", "path": "texts.txt"},
        layers={"type": "text_cnn", "kernel_sizes": [2, 3], "filters": 1},
        preprocess={"embedding": {"size": 2}},
    )
    model = build_model(spec, DataInfo((9,), ("bad", "good"), vocabulary=8))
    vectors = np.full((8, 2), [0.1, -0.3])
    vectors[5] = [2, 1]
    two, three = np.zeros((2, 2, 1)), np.zeros((3, 2, 1))
    two[0], three[1] = [[1.0], [1.0]], [[1.0], [1.0]]
    dense = np.array([[0.0, 1.0], [0.0, 1.0]])
    put(model, vectors, two, [0.0], three, [0.0], dense, [0.0, 0.0])
    return Network(model, spec.task, ("bad", "good"))


@pytest.mark.parametrize("method", METHODS)
def test_the_word_that_counts_has_the_largest_weight(method):
    x = np.array([[3, 4, 5, 6, 0, 0, 0, 0, 0], [5, 2, 2, 2, 2, 2, 2, 0, 0], [2, 2, 2, 2, 2, 2, 2, 2, 5]], "int32")
    maps = explain(text_network(), make("explainer", method), x, [1, 1, 1])
    assert maps.shape == (3, 9)
    places = maps.argmax(1).tolist()
    # The filter of two tokens has its middle between them.
    allowed = [(2, 3), (0, 1), (7, 8)] if "cam" in method else [(2,), (0,), (8,)]
    assert all(place in near for place, near in zip(places, allowed, strict=True)), places


@pytest.mark.parametrize("method", METHODS)
def test_the_steps_of_a_series_that_count_have_the_weight(method):
    spec = sequence_spec(
        "series_classification",
        {"type": "ts_file", "path": "x.ts"},
        layers=[{"type": "conv1d", "filters": 1, "activation": "relu"}],
        preprocess={"normalize": "none"},
    )
    model = build_model(spec, DataInfo.of((20, 2), 2))
    kernel = np.zeros((3, 2, 1))
    kernel[1, 0] = 1
    put(model, kernel, [-1.0], [[0.0, 1.0]], [0.0, 0.0])
    x = np.zeros((1, 20, 2), "float32")
    x[0, 12:15, 0] = 3
    x[0, 3:6, 1] = 3
    x[0, 18:] = np.nan  # behind its end
    one = explain(Network(model, spec.task, ("a", "b")), make("explainer", method), x, [1])[0]
    assert one.shape == (20,)
    assert np.maximum(one, 0)[12:15].sum() > 0.8 * np.maximum(one, 0).sum() > 0


def test_the_picture_that_a_class_answers_to_most_shows_what_it_means():
    found = striped()
    best = of_classes(found, [0, 1]).astype("float32")[..., 0]
    assert best.shape == (2, 16, 16)
    inner = best[:, 2:-2, 2:-2]
    upright, lying = inner
    # Upright stripes change from column to column, and not from row to row.
    assert np.abs(np.diff(upright, axis=1)).mean() > 5 * np.abs(np.diff(upright, axis=0)).mean()
    assert np.abs(np.diff(lying, axis=0)).mean() > 5 * np.abs(np.diff(lying, axis=1)).mean()
    assert (of_channels(found, "out", [0])[0, 2:-2, 2:-2, 0] == upright).mean() > 0.9
