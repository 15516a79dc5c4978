"""Where feature maps are found, in every backbone of the core."""

import keras
import numpy as np
import pytest

from kerascnn.engine.align import resample
from kerascnn.engine.build import build_model
from kerascnn.engine.network import Network, explain
from kerascnn.engine.taps import operation_of, tiling
from kerascnn.errors import UsageError
from kerascnn.spec import DataInfo, spec_from_dict
from tests.helpers import make
from tests.test_conformance import BACKBONES

TASKS = {
    "image": ("image_classification", {"type": "digits"}),
    "text": ("text_classification", {"type": "text_folder", "path": "texts"}),
    "series": ("series_classification", {"type": "ts_file", "path": "train.ts"}),
    "audio": ("audio_classification", {"type": "audio_folder", "path": "sounds"}),
}
FAST = {"lenet", "text_cnn"}
SHORT = {
    "saliency": {},
    "smooth_grad": {"samples": 2},
    "integrated_gradients": {"steps": 2},
    "occlusion": {"size": 0.5, "overlap": 0},
}
"""The methods that need no feature maps, with few steps."""


def network(backbone, shape, *, head=None):
    """Return a network with this backbone for elements of this shape, as the backbone gets them."""
    reads = {2: "series", 3: "image"}[len(shape)]
    known = type(make("backbone", backbone["type"], **{k: v for k, v in backbone.items() if k != "type"})).reads
    reads = known if known in TASKS else reads
    preprocess, info = {}, DataInfo.of(shape, 3)
    if reads == "text":
        preprocess, info = {"embedding": {"size": shape[1]}}, DataInfo(shape[:1], info.labels, vocabulary=20)
    task, source = TASKS[reads]
    spec = spec_from_dict(
        {
            "kerascnn": 1,
            "name": "one",
            "task": {"type": task},
            "data": {"source": source},
            "model": {"backbone": backbone, "head": head or {"type": "classifier"}, "preprocess": preprocess},
            "train": {"stages": [{"epochs": 1}]},
        }
    )
    last = bool(getattr(spec.model.backbone, "sees_last", False))
    return Network(build_model(spec, info), spec.task, info.labels, sees_last=last)


def elements(found, count=2):
    rng = np.random.default_rng(0)
    shape = (count, *found.model.input_shape[1:])
    if found.task.reads in ("series", "audio"):
        return rng.standard_normal(shape).astype("float32")
    return rng.integers(1, 20 if found.task.reads == "text" else 256, shape).astype(found.model.input.dtype)


def names(found, layer=None):
    return [operation_of(tensor).name for tensor in found.taps(layer)]


@pytest.mark.parametrize(
    ("backbone", "shape"),
    [
        pytest.param(case, shape, marks=() if case["type"] in FAST else pytest.mark.slow, id=f"{case['type']}-{i}")
        for i, (case, shape, _) in enumerate(BACKBONES)
        if case["type"] != "mlp"
    ],
)
def test_every_backbone_is_explained_by_every_method(backbone, shape):
    found = network(backbone, shape)
    x = elements(found)
    for method in ("grad_cam", "hires_cam"):
        maps = explain(found, make("explainer", method), x, [0, 2])
        assert maps.shape == (2, *x.shape[1 : 3 if found.task.reads == "image" else 2])
        assert np.isfinite(maps).all()
    for method, how in SHORT.items():
        maps = explain(found, make("explainer", method, **how), x, [0, 2])
        assert maps.shape == (2, *x.shape[1 : 3 if found.task.reads == "image" else 2])
        assert np.isfinite(maps).all()
        assert maps.any()
    features = found.look(x, [0, 2]).features(None)
    assert any(one.gradients.any() for one in features)
    assert all(np.prod(one.values.shape[1:-1]) > 1 for one in features)


def test_maps_are_those_of_the_deepest_level_with_more_than_one_place():
    backbone = {"type": "simple_cnn", "filters": [4, 4, 4]}
    assert names(network(backbone, (16, 16, 1))) == ["block3_pool"]
    assert names(network(backbone, (8, 8, 1))) == ["block2_pool"]  # the third has 1 x 1
    assert names(network(backbone, (16, 16, 1)), "P1") == ["block1_pool"]


def test_convolutions_side_by_side_are_all_looked_at():
    assert sorted(names(network({"type": "text_cnn", "kernel_sizes": [2, 3], "filters": 2}, (7, 5)))) == [
        "conv1",
        "conv2",
    ]


def test_a_network_that_reads_one_place_is_looked_at_where_it_is_computed():
    vit = {"type": "vit", "patch": 4, "hidden": 8, "depth": 2, "heads": 2, "mlp": 8}
    found = network(vit, (8, 12, 1))
    assert names(found) == ["block2_norm1"]
    features = found.look(elements(found), [0, 1]).features(None)[0]
    assert features.values.shape == (2, 6, 8)  # without the token that is read
    assert names(network({**vit, "pooling": "mean"}, (8, 12, 1))) == ["last_norm"]
    assert names(network({"type": "tcn", "filters": 4, "levels": 2}, (12, 2))) == ["block1_conv1"]


def test_a_multilayer_perceptron_has_no_maps():
    with pytest.raises(UsageError, match="the network has no feature maps"):
        network({"type": "mlp", "hidden": [4]}, (6, 5, 3)).taps(None)


def test_a_map_stands_over_what_it_was_computed_from():
    # Two convolutions, one of stride 2 and one without padding: place j has its middle at 2 j + 3.
    layers = [
        {"type": "conv2d", "filters": 1, "kernel_size": 3, "strides": 2, "padding": "valid"},
        {"type": "conv2d", "filters": 1, "kernel_size": 3, "padding": "valid"},
    ]
    found = network({"type": "layers", "layers": layers}, (15, 15, 1))
    features = found.look(elements(found), [0, 1]).features("out")[0]
    assert features.values.shape == (2, 5, 5, 1)
    one = np.zeros((1, 5, 5), "float32")
    one[0, 1, 3] = 1
    laid = features.spread(one)[0]
    assert np.unravel_index(laid.argmax(), laid.shape) == (5, 9)
    assert laid[5, 9] == 1
    assert laid[4, 9] == laid[5, 8] == 0.5


def test_maps_between_places_are_straight_lines():
    assert resample(np.array([[0.0, 1.0]]), (4,)).tolist() == [[0, 0.25, 0.75, 1]]
    assert resample(np.ones((2, 3, 5)), (7, 2)).tolist() == np.ones((2, 7, 2)).tolist()
    assert resample(np.array([[0.0, 1, 2, 3]]), (2,)).tolist() == [[0.5, 2.5]]


def test_tokens_are_told_from_other_rows_by_the_pictures_shape():
    assert tiling(196, (224, 224)) == tiling(197, (224, 224)) == (14, 14)
    assert tiling(7, (8, 12)) == (2, 3)
    assert tiling(8, (8, 12)) is None
    assert tiling(1, (8, 8)) is None


def test_attention_is_found_where_each_place_looks_at_all():
    vit = network({"type": "vit", "patch": 4, "hidden": 8, "depth": 2, "heads": 2, "mlp": 8}, (8, 12, 1))
    found = vit.look(elements(vit), [0, 1]).attention()
    assert [one.shape for one in found.shares] == [(2, 7, 7)] * 2
    assert found.first == 1
    assert all(np.allclose(one.sum(-1), 1, atol=1e-5) for one in found.shares)
    # The attention of block 1, from its weights.
    layer, x = vit.backbone.get_layer("block1_attention"), vit.inputs(elements(vit))
    norm = keras.Model(vit.backbone.input, vit.backbone.get_layer("block1_norm1").output).predict_on_batch(x)
    query, key = (
        np.einsum("ntc,chd->nthd", norm, np.asarray(layer.get_weights()[i])) + layer.get_weights()[i + 1]
        for i in (0, 2)
    )
    scores = np.exp(np.einsum("nqhd,nkhd->nhqk", query / 2, key))  # the square root of 4
    assert np.allclose(found.shares[0], (scores / scores.sum(-1, keepdims=True)).mean(1), atol=1e-4)
    maps = explain(vit, make("explainer", "attention_rollout"), elements(vit), [0, 1])
    assert maps.shape == (2, 8, 12)


def test_attention_of_a_window_over_the_whole_maps_counts_and_of_others_does_not():
    case = {"type": "conv_attention", "filters": [4, 4, 8], "blocks": [1, 1, 2], "head_width": 4}
    found = network(case, (9, 12, 3))
    shares = found.look(elements(found), [0, 1]).attention().shares
    assert [one.shape for one in shares] == [(2, 4, 4)] * 2
    assert explain(found, make("explainer", "attention_rollout"), elements(found), [0, 1]).shape == (2, 9, 12)
    with pytest.raises(UsageError, match="no attention in which each place of a picture looks at all"):
        network({"type": "simple_cnn", "filters": [4]}, (8, 8, 1)).look(
            np.zeros((1, 8, 8, 1), "uint8"), [0]
        ).attention()


def test_a_feature_that_the_answer_does_not_come_from_is_refused():
    vit = network({"type": "vit", "patch": 4, "hidden": 8, "depth": 1, "heads": 2, "mlp": 8}, (8, 12, 1))
    with pytest.raises(UsageError, match="the answer does not come from maps, which cannot explain it"):
        explain(vit, make("explainer", "grad_cam", layer="P2"), elements(vit), [0, 1])


def test_a_network_inside_the_backbone_is_looked_at_where_it_ends():
    # As backbones of KerasHub are.
    x, inner = keras.Input((16, 16, 1), name="input"), keras.Input((16, 16, 1))
    one = keras.layers.Conv2D(3, 3, strides=4, padding="same", activation="relu")(inner)
    two = keras.layers.Conv2D(5, 3, strides=2, padding="same", activation="relu")(one)
    backbone = keras.Model(x, keras.Model(inner, {"P2": one, "P3": two}, name="network")(x), name="backbone")
    feed = keras.Input((2, 2, 5), name="P3")
    head = keras.Model({"P3": feed}, make("head", "classifier").apply({"P3": feed}, 2), name="head")
    raw = keras.Input((16, 16, 1), dtype="uint8")
    prepared = keras.layers.Rescaling(1 / 255)(raw)
    model = keras.Model(raw, head({"P3": backbone(prepared)["P3"]}))
    found = Network(model, make("task", "image_classification"), ("a", "b"))
    pictures = elements(found)
    features = found.look(pictures, [0, 1]).features(None)[0]
    assert features.values.shape == (2, 2, 2, 5)
    assert features.gradients.any()
    assert explain(found, make("explainer", "grad_cam"), pictures, [0, 1]).shape == (2, 16, 16)
    with pytest.raises(UsageError, match="the answer does not come from network"):
        explain(found, make("explainer", "grad_cam", layer="P2"), pictures, [0, 1])


def test_a_skip_past_the_layer_that_is_asked_for_is_kept():
    # The gradient at the branch is that of the branch alone, the other way being what it is.
    found = network({"type": "cifar_resnet"}, (8, 8, 1))
    seen = found.look(elements(found), [0, 1])
    features = seen.features("stage3_block3_conv1")[0]
    cut = found.gradients_at(found.taps("stage3_block3_conv1"))[0]
    assert len(cut.back.inputs) == 2
    ends = cut.front.predict_on_batch(seen.inputs)
    answers = found.tail.predict_on_batch(seen.inputs)
    assert np.allclose(cut.back.predict_on_batch(ends), answers, atol=1e-5)
    assert features.gradients.any()
