"""Features that are computed once give what computing them in each epoch gives."""

import keras
import numpy as np
import pytest

from kerascnn.engine.data import load_data
from kerascnn.engine.features import rows_of
from kerascnn.engine.phase import Phases
from kerascnn.engine.train import train
from kerascnn.errors import BuildError
from tests.engine.made import make_folder, make_spec

FROZEN = {"epochs": 3, "freeze": "backbone", "learning_rate": 0.02}
FLIP = [{"type": "random_flip"}]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_folder(tmp_path_factory.mktemp("data") / "pictures", {"a": 20, "b": 14, "c": 8}, noise=90)


def trained(folder, root, stage, **others):
    """Return the figures of a training of one stage, its kept weights, and what it says of features."""
    run = train(make_spec(folder, stages=[{**FROZEN, **stage}], **others), root)
    figures = [{name: value for name, value in line.items() if name != "seconds"} for line in run.metrics()]
    model = keras.models.load_model(run.path / "model.keras")
    return figures, model.get_weights(), run.read("effective.json")["stages"][0]["features"]


@pytest.mark.parametrize(
    "others", [pytest.param({}, marks=pytest.mark.slow), {"balance": "classes"}], ids=["all once", "balanced"]
)
def test_with_features_the_training_is_the_same_to_the_bit(folder, tmp_path, others):
    figures, weights, said = trained(folder, tmp_path, {}, **others)
    anew = trained(folder, tmp_path, {"feature_views": 0}, **others)
    assert said["views"] == 1
    assert said["why"] == "the backbone is frozen, and nothing is augmented"
    assert (anew[2]["views"], anew[2]["why"]) == (0, "the spec says so")
    assert figures == anew[0]
    assert all(np.array_equal(a, b) for a, b in zip(weights, anew[1], strict=True))


@pytest.mark.parametrize(
    ("stage", "others", "why"),
    [
        ({"freeze": "none"}, {}, "the stage trains more than the head"),
        ({"freeze": "batch_norm"}, {}, "the stage trains more than the head"),
        ({}, {"augment": FLIP}, "samples are augmented, each time in another way; feature_views keeps some views"),
        ({"epochs": 1}, {}, "one epoch computes them once anyway"),
        ({}, {"data": {"cache_limit": 1e-9}}, "they would take"),
        ({}, {"dropout": True}, "the frozen backbone drops features at random; feature_views: 1 keeps those without"),
    ],
)
def test_where_features_would_change_something_they_are_not_kept(folder, stage, others, why):
    if "dropout" in others:
        layers = [{"type": "conv2d", "filters": 3}, {"type": "dropout", "rate": 0.5}]
        others = {"backbone": {"type": "layers", "layers": layers}}
    said = entered(make_spec(folder, stages=[{**FROZEN, **stage}], **others)).facts["features"]
    assert said["views"] == 0
    assert said["why"].startswith(why)


def test_each_view_is_augmented_in_another_way_and_comes_back_in_its_pass(folder):
    spec = make_spec(folder, stages=[{**FROZEN, "feature_views": 2}], augment=[{"type": "random_noise"}], batch_size=8)
    phase = entered(spec)
    (first, _), (second, targets) = phase.stream.views
    [name] = first
    assert first[name].shape == second[name].shape
    assert not np.array_equal(first[name], second[name])
    steps = phase.steps
    assert len(first[name]) == 20
    # 20 samples in 3 steps of 8: the third has 4 of the next pass, which takes the second view.
    features, labels = phase.stream.batch(2)
    rows = phase.stream.positions(2)
    assert np.array_equal(features[name][:4], first[name][rows[:4]])
    assert np.array_equal(features[name][4:], second[name][rows[4:]])
    assert np.array_equal(labels, targets[rows])
    assert steps == 3


def test_views_need_a_stage_that_trains_the_head_alone(folder, tmp_path):
    with pytest.raises(BuildError, match=r"train\.stages\.0\.feature_views: needs a stage that trains the head alone"):
        train(make_spec(folder, stages=[{"feature_views": 1}]), tmp_path)


def entered(spec):
    from kerascnn.engine.build import build
    from kerascnn.engine.features import with_features
    from kerascnn.engine.progress import Progress

    data = load_data(spec)
    built = build(spec, data.info)
    return with_features(Phases(spec, data, built, lambda resized: built).enter(0), spec, Progress())


def test_rows_are_found_by_the_numbers_of_samples():
    rows = rows_of(np.array([7, 2, 5]))
    assert rows[[2, 5, 7]].tolist() == [1, 2, 0]
    assert rows[3] == -1
