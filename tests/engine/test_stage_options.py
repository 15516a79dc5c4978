"""What a stage may say: its size of pictures, batches, share of augmentation, budget; and who comes how often."""

import itertools

import keras
import numpy as np
import pytest

from kerascnn.engine.build import build
from kerascnn.engine.data import load_data
from kerascnn.engine.phase import Phases
from kerascnn.engine.stages import Trainer
from kerascnn.engine.train import resume, train
from kerascnn.errors import BuildError, SpecError, StoppedError
from kerascnn.runs.folder import list_runs
from kerascnn.spec import spec_from_dict
from tests.engine.made import make_folder, make_spec


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_folder(tmp_path_factory.mktemp("data") / "pictures", {"a": 24, "b": 12, "c": 6}, noise=60)


def entered(spec, number=0):
    data = load_data(spec)
    built = build(spec, data.info)
    return Phases(spec, data, built, lambda other: build(other, data.info)).enter(number), data


@pytest.fixture(scope="module")
def run(folder, tmp_path_factory):
    """A training whose first stage has small pictures in small batches, and whose second one sums up gradients."""
    stages = [
        {"epochs": 1, "image_size": [4, 4], "learning_rate": 0.02, "batch_size": 3},
        {"epochs": 2, "learning_rate": 1e-9, "accumulate": 4},
    ]
    return train(make_spec(folder, stages=stages, monitor="loss", batch_size=5), tmp_path_factory.mktemp("runs"))


def test_progressive_resizing_hands_the_weights_on_and_ends_on_the_whole_size(run):
    facts = run.read("effective.json")["stages"]
    assert [stage.get("image_size") for stage in facts] == [[4, 4], None]
    model = keras.models.load_model(run.path / "model.keras")
    assert model.input_shape == (None, 8, 8, 1)
    sizes = {layer.name for layer in model.layers}
    assert ("resize" in sizes) == (run.best()["epoch"] == 1)


def test_the_backbone_sees_the_size_of_the_stage(folder):
    phase, _ = entered(make_spec(folder, stages=[{"image_size": [4, 6]}]))
    assert phase.built.backbone.input_shape[1:3] == (4, 6)
    assert phase.built.model.input_shape[1:3] == (8, 8)


def test_a_size_that_the_network_cannot_take_is_a_build_error(folder):
    layers = [{"type": "conv2d", "filters": 4, "kernel_size": 5, "padding": "valid"}]
    with pytest.raises(BuildError, match="the smallest square input that works is 5 x 5"):
        entered(make_spec(folder, backbone={"type": "layers", "layers": layers}, stages=[{"image_size": [4, 4]}]))


def test_each_stage_has_its_batch_and_its_accumulation(run):
    facts = run.read("effective.json")["stages"]
    train_samples = run.read("effective.json")["samples"]["train"]
    assert [stage["batch_size"] for stage in facts] == [3, 20]
    assert [stage["steps_per_epoch"] for stage in facts] == [-(-train_samples // 3), -(-train_samples // 5)]


def test_accumulated_steps_move_the_weights_as_one_large_batch(folder):
    """Without batch normalisation, two batches of 4 are one of 8."""
    layers = [{"type": "flatten"}, {"type": "dense", "units": 4}]
    spec = make_spec(folder, backbone={"type": "layers", "layers": layers}, batch_size=8)
    phase, data = entered(spec)
    from kerascnn.engine.optimize import make_optimizer
    from kerascnn.spec.component import parse_component
    from kerascnn.spec.kinds import Optimizer

    sgd = parse_component(Optimizer, {"type": "sgd"})
    elements, targets = phase.stream.batch(0)
    start, ends = phase.built.model.get_weights(), []
    for accumulate, parts in ((1, [slice(0, 8)]), (2, [slice(0, 4), slice(4, 8)])):
        phase.built.model.set_weights(start)
        model = keras.Model(phase.model.input, phase.model.output)
        stage = phase.stage.model_copy(update={"optimizer": sgd, "learning_rate": 0.5, "accumulate": accumulate})
        model.compile(make_optimizer(stage, 10, 1.0, {}), loss=spec.task.loss(data.info), jit_compile=False)
        for part in parts:
            model.train_on_batch(elements[part], targets[part])
        ends.append(model.get_weights())
    assert all(np.allclose(a, b, atol=1e-5) for a, b in zip(*ends, strict=True))
    assert not np.allclose(ends[0][0], start[0])


@pytest.mark.parametrize(("share", "low", "high"), [(0.0, 0, 0), (0.25, 0.1, 0.42), (1.0, 1, 1)])
def test_a_share_of_the_samples_is_augmented(folder, share, low, high):
    spec = make_spec(folder, augment=[{"type": "random_invert", "probability": 1.0}], stages=[{"augment": share}])
    phase, data = entered(spec)
    changed = []
    for step in range(4 * phase.steps):
        elements, _ = phase.stream.batch(step)
        plain = data.elements.take(phase.stream.indices[phase.stream.positions(step)])
        changed += [not np.array_equal(a, b) for a, b in zip(elements, plain, strict=True)]
    assert low <= np.mean(changed) <= high


def test_balanced_classes_come_equally_often_in_every_epoch(folder):
    phase, data = entered(make_spec(folder, balance="classes", batch_size=6))
    counts = data.info.counts["train"]
    steps = range(phase.steps)
    classes = np.concatenate([phase.stream.batch(step)[1] for step in steps]).argmax(1)
    assert len(classes) == 3 * max(counts.values())
    assert np.bincount(classes).tolist() == [max(counts.values())] * 3


def test_every_sample_of_a_rare_class_comes_over_the_passes(folder):
    phase, _ = entered(make_spec(folder, balance="classes"))
    seen = set(itertools.chain.from_iterable(phase.stream._of_pass(number).tolist() for number in range(3)))
    assert seen == set(np.unique(phase.stream.indices).tolist())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"task": {"type": "image_classification", "class_weights": "auto"}}, "count more by task.class_weights: auto"),
        ({"task": {"type": "image_multilabel"}}, "samples of the task 'image_multilabel' have no single class"),
    ],
)
def test_balance_where_it_does_not_fit_is_a_spec_error(folder, change, message):
    tree = make_spec(folder, balance="classes").spell() | change
    with pytest.raises(SpecError, match=message):
        spec_from_dict(tree)


@pytest.mark.slow
def test_a_budget_ends_the_training_in_order(folder, tmp_path):
    spec = make_spec(folder, stages=[{"epochs": 10_000}, {"epochs": 5}], budget={"minutes": 0.02})
    run = train(spec, tmp_path)
    [stage] = run.read("effective.json")["stages"]
    assert stage["ended"] == "the budget is used up"
    assert run.state.state == "done"
    assert len(run.metrics()) == stage["epochs"] < 10_000
    assert (run.path / "model.keras").is_file()


def test_a_budget_that_is_used_up_in_the_first_epoch_still_leaves_a_model(folder, tmp_path):
    run = train(make_spec(folder, stages=[{"epochs": 3}, {"epochs": 5}], budget={"minutes": 1e-6}), tmp_path)
    [stage] = run.read("effective.json")["stages"]
    assert stage["ended"] == "the budget is used up"
    assert run.state.state == "done"
    [line] = run.metrics()
    assert line["kept"]
    assert (run.path / "model.keras").is_file()


def test_a_bad_part_is_named_at_its_place_in_the_spec(folder, tmp_path):
    with pytest.raises(BuildError, match=r"train\.stages\.1\.freeze: this backbone has no part 'P5'"):
        train(make_spec(folder, stages=[{"epochs": 1}, {"epochs": 1, "freeze": ["P5"]}]), tmp_path)


@pytest.mark.slow
def test_float16_scales_the_loss_and_goes_on_to_the_bit(tmp_path):
    """Gradients that are too small for 16 bits are there; the scale itself is in the checkpoint."""
    spec = make_spec(
        {"type": "digits"},
        stages=[{"epochs": 2, "optimizer": {"type": "adamw", "ema": 0.9}, "rates": {"stem": 0.5}, "accumulate": 2}],
        precision="mixed_float16",
        batch_size=128,
    )
    scaled = []
    end_step = Trainer.end_step

    def looking(self, phase, model, steps, logs):
        scaled.append(isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer))
        return end_step(self, phase, model, steps, logs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Trainer, "end_step", looking)
        whole = train(spec, tmp_path / "whole")
    assert scaled
    assert all(scaled)
    asked = iter(range(1, 1000))
    with pytest.raises(StoppedError):
        train(spec, tmp_path / "stopped", stop=lambda: 75 if next(asked) == 4 else None)
    run = resume(*list_runs(tmp_path / "stopped"))
    weights = [keras.models.load_model(one.path / "model.keras").get_weights() for one in (run, whole)]
    assert all(np.array_equal(a, b) for a, b in zip(*weights, strict=True))


def test_a_kept_average_is_what_was_judged_and_deterministic_is_written_down(folder, tmp_path, monkeypatch):
    """With an average of the weights, the figures of an epoch are those of the model that is saved."""
    called = []
    monkeypatch.setattr("kerascnn.engine.train.be_deterministic", lambda: called.append(1))
    optimizer = {"type": "sgd", "ema": 0.8, "momentum": 0.9}
    stages = [{"epochs": 2, "optimizer": optimizer, "learning_rate": 0.1}]
    run = train(make_spec(folder, stages=stages, deterministic=True), tmp_path)
    assert called == [1]
    assert run.read("effective.json")["deterministic"] is True
    from kerascnn.engine.evaluate import evaluate

    assert evaluate(run, "validation")["metrics"]["loss"] == pytest.approx(run.best()["val_loss"], abs=1e-5)
