"""Pruning, averaging and distillation within a training: to the bit after a resume, and with all that goes around."""

import hashlib
from copy import copy
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from kerascnn.engine.batch_size import PartStream
from kerascnn.engine.build import build
from kerascnn.engine.companions import Companions, TaughtStream
from kerascnn.engine.data import anchor, load_data
from kerascnn.engine.find_rate import find_rate
from kerascnn.engine.phase import Phases
from kerascnn.engine.position import Position, variables_of
from kerascnn.engine.post_mortem import first_to_fail
from kerascnn.engine.probe import measure
from kerascnn.engine.progress import Progress
from kerascnn.engine.stages import Trainer
from kerascnn.engine.stream import Stream
from kerascnn.engine.train import resume, train
from kerascnn.errors import DataError, StoppedError
from kerascnn.runs.folder import RunFolder, list_runs
from kerascnn.spec import Companion
from kerascnn.spec.training import Stage
from tests.engine.made import make_folder, make_spec

COUNTS = {"dark": 16, "grey": 16, "light": 16}
HEAD = {"type": "classifier", "dropout": 0.2}


def spec_of(folder, methods, *, epochs=3, **stage):
    stages = [{"epochs": epochs, "learning_rate": 0.02, "methods": methods, **stage}]
    return make_spec(folder, head=HEAD, stages=stages, augment=[{"type": "random_noise"}])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_folder(tmp_path_factory.mktemp("data") / "pictures", COUNTS, noise=40)


@pytest.fixture(scope="module")
def teacher(folder, tmp_path_factory):
    return train(make_spec(folder, stages=[{"epochs": 12, "learning_rate": 0.1}]), tmp_path_factory.mktemp("teacher"))


@pytest.fixture(scope="module")
def seen():
    """The shares of zeros in each kernel after each step of the pruned training."""
    return []


@pytest.fixture(scope="module")
def pruned(folder, seen, tmp_path_factory):
    """A training with pruning, a kernel of the optimizer's own rate, and two batches to a step."""
    end_step = Trainer.end_step

    def looking(self, phase, model, steps, logs):
        getattr(model, "jax_state_sync", lambda: None)()
        kernels = [w for w in model.trainable_weights if len(w.shape) > 1]
        seen.append([float(np.mean(keras.ops.convert_to_numpy(w) == 0)) for w in kernels])
        return end_step(self, phase, model, steps, logs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Trainer, "end_step", looking)
        return train(pruning(folder), tmp_path_factory.mktemp("pruned"))


def pruning(folder):
    method = {"type": "pruning", "sparsity": 0.5, "end": 0.7}
    return spec_of(folder, [method], rates={"stem": 0.5}, accumulate=2)


def both(folder, teacher):
    return spec_of(folder, [{"type": "distillation", "run": str(teacher.path)}, {"type": "swa", "begin": 0.34}])


@pytest.fixture(scope="module")
def averaged(folder, teacher, tmp_path_factory):
    return train(both(folder, teacher), tmp_path_factory.mktemp("averaged"))


def stage_of(run):
    [facts] = run.read("effective.json")["stages"]
    return facts


def assert_same(run, whole):
    def figures(one):
        return [{name: value for name, value in line.items() if name != "seconds"} for line in one.metrics()]

    assert figures(run) == figures(whole)
    assert stage_of(run) == stage_of(whole)
    weights = [keras.models.load_model(one.path / "model.keras").get_weights() for one in (run, whole)]
    assert all(np.array_equal(a, b) for a, b in zip(*weights, strict=True))


def stopped_and_resumed(spec, folder, step):
    asked = iter(range(1, 1000))
    with pytest.raises(StoppedError):
        train(spec, folder, stop=lambda: 75 if next(asked) == step else None)
    [run] = list_runs(folder)
    return resume(run)


def test_pruned_weights_are_zero_after_every_step(pruned, seen):
    # 3 steps an epoch; 36 and 12 weights; 0.5 - 0.5 * (1, 1/2, 0)^3 of them.
    assert seen[:3] == [[0, 0]] * 3
    assert seen[3:6] == [[round(0.4375 * 36) / 36, round(0.4375 * 12) / 12]] * 3
    assert seen[6:] == [[0.5, 0.5]] * 3


def test_the_kept_model_holds_the_zeros_and_the_facts_say_so(pruned):
    kernels = [w for w in keras.models.load_model(pruned.path / "model.keras").get_weights() if w.ndim > 1]
    assert [int((kernel == 0).sum()) for kernel in kernels] == [18, 6]
    facts = stage_of(pruned)
    found = facts["methods"]["pruning"]
    assert facts["features"]["views"] == 0
    assert (found["sparsity"], found["asked"]) == (0.5, 0.5)
    assert found["kernels"] == {"backbone/conv2d/kernel": 0.5, "head/logits/kernel": 0.5}
    assert found["parameters"] - found["nonzero_parameters"] == 24


def test_the_first_epoch_of_the_final_share_is_kept_whatever_its_figure(pruned):
    assert pruned.metrics()[2]["kept"] is True


def test_a_pruned_training_that_was_stopped_ends_on_the_same_bits(pruned, folder, tmp_path):
    assert_same(stopped_and_resumed(pruning(folder), tmp_path, 5), pruned)


@pytest.mark.slow
def test_an_average_with_a_teacher_that_was_stopped_ends_on_the_same_bits(averaged, folder, teacher, tmp_path):
    assert_same(stopped_and_resumed(both(folder, teacher), tmp_path, 8), averaged)


def test_what_is_kept_is_the_average_and_the_teacher_is_known_by_its_hash(averaged, teacher):
    found = stage_of(averaged)["methods"]
    assert found["swa"]["averaged"] == 2
    digest = hashlib.sha256((teacher.path / "model.keras").read_bytes()).hexdigest()
    place = {"stage": 0, "run": str(teacher.path), "sha256": digest}
    assert averaged.read("effective.json")["learnt_from"] == {"train.stages.0.methods.0": place}
    assert found["swa"]["batch_norms"] == 1
    assert averaged.metrics()[1]["kept"] is True
    assert found["distillation"]["teacher"].endswith(averaged.read("spec.resolved.json")["train"]["stages"][0]
                                                     ["methods"][0]["run"].rsplit("/", 1)[1])  # fmt: skip


@pytest.fixture(scope="module")
def phase(folder, teacher):
    methods = [{"type": "distillation", "run": str(teacher.path)}, {"type": "pruning", "sparsity": 0.5, "end": 0.0}]
    spec = spec_of(folder, methods)
    data = load_data(spec)
    built = build(spec, data.info)
    return spec, Phases(spec, data, built, lambda other: built).enter(0)


def made(phase, rate=0.0):
    found = phase[1]
    model = found.outer()
    model.compile(keras.optimizers.SGD(rate), loss="categorical_crossentropy", metrics=["accuracy"], jit_compile=False)
    model.optimizer.build(model.trainable_variables)
    found.companions.equip(model.optimizer)
    return model, found


def test_a_teacher_answers_the_very_batch(phase, teacher):
    elements, (targets, answers) = phase[1].stream.batch(1)
    model = keras.models.load_model(teacher.path / "model.keras")
    np.testing.assert_allclose(answers, model.predict(elements, verbose=0), rtol=1e-5, atol=1e-6)
    assert targets.shape == answers.shape == (8, 3)


def test_parts_of_a_batch_have_their_share_of_the_teachers_answers(phase):
    stream = phase[1].stream
    parts = PartStream(stream, 4)
    found = [parts.batch(step) for step in range(4, 8)]
    whole = keras.tree.flatten(stream.batch(1))
    for i, wanted in enumerate(whole):
        np.testing.assert_array_equal(np.concatenate([keras.tree.flatten(part)[i] for part in found]), wanted)


def test_a_copy_of_a_stream_is_apart_from_it(phase):
    stream = phase[1].stream
    parts = copy(PartStream(stream, 2))
    assert isinstance(stream, TaughtStream)
    assert parts.whole is not stream
    np.testing.assert_array_equal(parts.batch(0)[0], PartStream(stream, 2).batch(0)[0])


def test_a_measurement_leaves_everything_as_it_was(phase):
    model, found = made(phase, rate=0.1)
    before = {name: [np.array(keras.ops.convert_to_numpy(v)) for v in group] for name, group in groups(model).items()}
    measure(model, found, 3)
    for name, group in groups(model).items():
        assert all(np.array_equal(a, keras.ops.convert_to_numpy(b)) for a, b in zip(before[name], group, strict=True))


def groups(model):
    return {name: group for name, group in variables_of(model).items() if name != "metrics"}


def test_a_post_mortem_does_the_steps_again(phase):
    model, found = made(phase)
    assert first_to_fail(found, model, 0, 2) == ""


def test_when_the_stage_is_over_constraints_are_as_they_were(phase):
    model, found = made(phase)
    kernels = [w for w in model.trainable_weights if len(w.shape) > 1]
    assert all(kernel.constraint is not None for kernel in kernels)
    found.companions.leave()
    assert all(kernel.constraint is None for kernel in kernels)


def test_a_rate_is_found_with_methods(phase):
    assert len(find_rate(phase[0], steps=4, low=1e-4, high=1e-2).losses) == 4


def test_a_teacher_that_is_not_there_is_said_before_training(folder, tmp_path):
    with pytest.raises(DataError, match=r"train.stages.0.methods.0.run: .*nowhere is no folder of a run"):
        train(spec_of(folder, [{"type": "distillation", "run": str(tmp_path / "nowhere")}]), tmp_path)


def test_the_path_of_a_teacher_is_kept_absolute(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    [method] = anchor(spec_of(folder, [{"type": "distillation", "run": "runs/x"}])).train.stages[0].methods
    assert method.run == str(tmp_path / "runs" / "x")


@pytest.mark.slow
def test_a_student_learns_from_a_teacher_what_wrong_labels_do_not_say(folder, teacher, tmp_path):
    rng = np.random.default_rng(1)
    wrong = tmp_path / "wrong"
    for label in COUNTS:
        (wrong / label).mkdir(parents=True)
    for file in sorted(folder.rglob("*.png")):
        label = str(rng.choice(list(COUNTS)))
        (wrong / label / f"{file.parent.name}_{file.name}").write_bytes(file.read_bytes())
    right = load_data(make_spec(folder))
    indices = np.arange(len(right.manifest))

    def accuracy(methods):
        # The same network, data and seed; only what is learnt from differs.
        spec = make_spec(wrong, stages=[{"epochs": 12, "learning_rate": 0.05, "methods": methods}], monitor="loss")
        model = keras.models.load_model(train(spec, tmp_path / "runs").path / "model.keras")
        said = model.predict(right.elements.take(indices), verbose=0).argmax(-1)
        return float(np.mean(said == right.answers.of(indices)))

    alone = accuracy([])
    assert accuracy([{"type": "distillation", "run": str(teacher.path), "weight": 1.0}]) > max(0.8, alone + 0.2)


def stub(tmp_path, *, begins, epochs, best):
    """Return a trainer that has done some epochs of a stage, and the stage; no epoch gets better."""
    x = keras.Input((1,))
    model = keras.Model(x, keras.layers.Dense(1)(x))
    model.compile(optimizer=keras.optimizers.SGD(0.1), loss="mse")
    companion = Companion()
    companion.begins = begins
    phase = SimpleNamespace(
        number=0,
        stage=Stage(epochs=10, learning_rate=0.1),
        built=SimpleNamespace(model=model),
        companions=Companions({"some": companion}),
        stream=Stream(np.asarray, np.arange(3), np.asarray, batch_size=1, seed=0),
    )
    spec = make_spec({"type": "digits"}, patience=1)
    trainer = Trainer(spec, SimpleNamespace(built=None), RunFolder(tmp_path), Progress(), lambda: None, xla=False)
    trainer.position = Position(epochs=epochs, epoch=epochs, best=(best, 1))
    return trainer, phase, model


@pytest.mark.parametrize(
    ("begins", "epochs", "kept", "ended"),
    [
        (None, 1, False, "no better for 1 epochs"),
        (3, 1, False, ""),  # patience counts from where averages or the final share begin
        (3, 3, True, ""),  # and there the best so far is forgotten
        (3, 4, False, "no better for 1 epochs"),
    ],
)
def test_the_best_is_forgotten_and_patience_counts_from_where_a_method_begins(tmp_path, begins, epochs, kept, ended):
    trainer, phase, model = stub(tmp_path, begins=begins, epochs=epochs, best=0.1)
    trainer.keeper.checkpoint_if_due = lambda *_: None
    assert trainer.end_epoch(phase, model, {"loss": 0.5, "val_loss": 0.5}, 1.0) == ended
    assert trainer.keeper.line["kept"] is kept
    assert trainer.position.best == ((0.5, epochs + 1) if kept else (0.1, 1))
