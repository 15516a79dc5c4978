"""Memory that runs out within a training: batches are divided, and the weights move by the same samples."""

import keras
import numpy as np
import pytest

from kerascnn.engine.batch_size import PartStream, divided, parts_of
from kerascnn.engine.faults import device_is_full, explain
from kerascnn.engine.position import take_arrays
from kerascnn.engine.progress import Progress
from kerascnn.engine.stages import Trainer
from kerascnn.engine.stream import Stream
from kerascnn.engine.train import resume, train
from kerascnn.errors import ResourceError, StoppedError
from kerascnn.runs.folder import list_runs
from tests.engine.made import make_folder, make_spec

# No batch normalisation: its means are those of a part.
PLAIN = [{"type": "conv2d", "filters": 4}, {"type": "activation"}, {"type": "max_pooling2d"}]
STAGES = [
    {"epochs": 2, "learning_rate": 0.02, "schedule": {"type": "cosine", "warmup": 0.3}},
    {"epochs": 2, "learning_rate": 0.01, "accumulate": 2, "optimizer": {"type": "adamw"}},
]


class ResourceExhaustedError(Exception):
    """Named as TensorFlow's."""


class Notes(Progress):
    """Keeps what is said."""

    def __init__(self):
        self.notes = []
        self.steps = []

    def note(self, text):
        self.notes.append(text)

    def step(self, epoch, step, figures):
        self.steps.append((epoch, step))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_folder(tmp_path_factory.mktemp("data") / "pictures", {"dark": 16, "grey": 14, "light": 12}, noise=60)


@pytest.fixture(scope="module")
def spec(folder):
    return make_spec(
        folder,
        stages=STAGES,
        backbone={"type": "layers", "layers": PLAIN},
        augment=[{"type": "random_flip"}, {"type": "mixup"}],
    )


def run_out(patch, *numbers):
    """Let memory run out at these steps of a training, counted from 1 through all attempts, after the weights moved."""
    asked = iter(range(1, 10_000))
    end_step = Trainer.end_step

    def end(self, *args):
        if next(asked) in numbers:
            raise ResourceExhaustedError("OOM when allocating tensor")
        end_step(self, *args)

    patch.setattr(Trainer, "end_step", end)


def weights_of(run):
    return keras.saving.load_model(run.path / "model.keras", compile=False).get_weights()


def figures_of(run):
    return [{key: value for key, value in line.items() if key != "seconds"} for line in run.metrics()]


@pytest.fixture(scope="module")
def whole(spec, tmp_path_factory):
    """A training with memory enough."""
    return train(spec, tmp_path_factory.mktemp("runs"))


def assert_close(run, whole):
    """The same but for the last bits, which the order of sums moves."""
    assert len(run.metrics()) == len(whole.metrics())
    for found, wanted in zip(figures_of(run), figures_of(whole), strict=True):
        assert found == pytest.approx(wanted, rel=2e-3, abs=2e-4)
    for a, b in zip(weights_of(run), weights_of(whole), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-2, atol=2e-4)


@pytest.mark.parametrize(("step", "cost"), [(5, 1e9), *(pytest.param(s, 0, marks=pytest.mark.slow) for s in (1, 8))])
def test_a_batch_in_two_parts_comes_to_the_same(spec, whole, tmp_path, monkeypatch, step, cost):
    monkeypatch.setattr("kerascnn.engine.keeper._COST", cost)
    run_out(monkeypatch, step)
    said = Notes()
    run = train(spec, tmp_path, progress=said)
    assert run.state.state == "done"
    assert_close(run, whole)
    [note] = [note for note in said.notes if "out of memory" in note]
    assert "with 8 samples in a step; back to the last checkpoint" in note
    assert note in (run.path / "logs" / "run.log").read_text()
    stages = run.read("effective.json")["stages"]
    assert [stage.get("split", {}).get("parts") for stage in stages] == [None, 2] if step > 6 else [2, 2]
    assert [stage["batch_size"] for stage in stages] == [8, 16]
    assert [stage["learning_rates"] for stage in stages] == [
        pytest.approx(stage["learning_rates"]) for stage in whole.read("effective.json")["stages"]
    ]
    assert {step for _, step in said.steps} == {1, 2, 3}


@pytest.mark.slow
def test_a_checkpoint_within_an_epoch_is_gone_on_from(spec, whole, tmp_path, monkeypatch):
    """It holds running figures, and in the second stage a sum of gradients."""
    asked = iter(range(1, 100))
    with pytest.raises(StoppedError):
        train(spec, tmp_path, stop=lambda: 75 if next(asked) == 7 else None)
    [run] = list_runs(tmp_path)
    run_out(monkeypatch, 1)
    resume(run)
    assert_close(run, whole)
    assert [stage.get("split") for stage in run.read("effective.json")["stages"]] == [
        None,
        {"parts": 2, "why": "out of memory"},
    ]


@pytest.mark.slow
def test_it_is_halved_again_while_that_does_not_help(spec, whole, tmp_path, monkeypatch):
    run_out(monkeypatch, 2, 5)
    said = Notes()
    run = train(spec, tmp_path, progress=said)
    assert_close(run, whole)
    samples = [note.split(" samples")[0].split()[-1] for note in said.notes if "out of memory" in note]
    assert samples == ["8", "4"]
    assert run.read("effective.json")["stages"][0]["split"]["parts"] == 4


def test_where_one_sample_is_too_many_the_run_fails(folder, tmp_path, monkeypatch):
    spec = make_spec(folder, batch_size=2)
    run_out(monkeypatch, *range(1, 100))
    with pytest.raises(ResourceError, match=r"out of memory; lower train\.batch_size"):
        train(spec, tmp_path)
    [run] = list_runs(tmp_path)
    assert (run.state.state, run.state.exit_code) == ("failed", 5)
    assert (run.path / "logs" / "run.log").read_text().count("parts whose gradients are averaged") == 1


@pytest.mark.slow
def test_it_is_halved_a_number_of_times_at_the_most(spec, tmp_path, monkeypatch):
    monkeypatch.setattr("kerascnn.engine.stages.SPLITS", 1)
    run_out(monkeypatch, *range(1, 100))
    with pytest.raises(ResourceError):
        train(spec, tmp_path)
    [run] = list_runs(tmp_path)
    assert "parts whose gradients" not in (run.path / "logs" / "run.log").read_text()


@pytest.mark.slow
def test_killed_after_memory_ran_out_it_ends_on_the_same_bits(spec, tmp_path, monkeypatch):
    monkeypatch.setattr("kerascnn.engine.keeper._COST", 0)
    with monkeypatch.context() as patch:
        run_out(patch, 2)
        divided_run = train(spec, tmp_path / "a")
    asked = iter(range(1, 100))
    with monkeypatch.context() as patch:
        run_out(patch, 2)
        with pytest.raises(StoppedError):
            train(spec, tmp_path / "b", stop=lambda: 75 if next(asked) == 9 else None)
    [run] = list_runs(tmp_path / "b")
    resume(run)
    assert figures_of(run) == figures_of(divided_run)
    assert all(np.array_equal(a, b) for a, b in zip(weights_of(run), weights_of(divided_run), strict=True))


@pytest.mark.slow
def test_memory_that_runs_out_in_the_validation_is_survived(spec, whole, tmp_path, monkeypatch):
    from kerascnn.engine.watch import Watch

    sizes = []
    begin = Watch.on_test_begin

    def on_test_begin(self, logs=None):
        sizes.append(self.phase.validation.batch_size)
        begin(self, logs)
        if len(sizes) == 1:
            raise ResourceExhaustedError

    monkeypatch.setattr(Watch, "on_test_begin", on_test_begin)
    run = train(spec, tmp_path)
    assert_close(run, whole)
    assert sizes[1] == sizes[0] // 2


def test_another_error_is_not_taken_for_it(spec, tmp_path, monkeypatch):
    def broken(self, *args):
        raise ValueError("something else")

    monkeypatch.setattr(Trainer, "end_step", broken)
    with pytest.raises(ValueError, match="something else"):
        train(spec, tmp_path)


# The parts.


def stream(batch_size=5, n=12):
    return Stream(
        lambda i: i.astype("float32"), np.arange(n), lambda i: i, lambda i: np.eye(n)[i], batch_size=batch_size, seed=1
    )


@pytest.mark.parametrize("parts", [1, 2, 4])
def test_parts_one_after_another_are_the_batches(parts):
    whole = stream()
    divided_stream = PartStream(whole, parts)
    assert divided_stream.steps_per_epoch == parts * whole.steps_per_epoch
    for step in range(5):
        found = [divided_stream.batch(parts * step + i) for i in range(parts)]
        elements, targets = whole.batch(step)
        np.testing.assert_array_equal(np.concatenate([one[0] for one in found]), elements)
        np.testing.assert_array_equal(np.concatenate([one[1] for one in found]), targets)
        places = [divided_stream.positions(parts * step + i) for i in range(parts)]
        np.testing.assert_array_equal(np.concatenate(places), whole.positions(step))
        assert max(map(len, places)) - min(map(len, places)) <= 1


@pytest.mark.parametrize(("batch_size", "split", "parts"), [(8, 2, 2), (8, 64, 8), (5, 8, 4), (1, 2, 1)])
def test_no_part_is_empty(batch_size, split, parts):
    class OnlyStream:
        stream = Stream(np.asarray, np.arange(20), np.asarray, batch_size=batch_size, seed=0)

    assert parts_of(OnlyStream, split) == parts


def optimizer(accumulate, ema=True):
    made = keras.optimizers.Adam(
        0.1, use_ema=ema, gradient_accumulation_steps=accumulate if accumulate > 1 else None, ema_momentum=0.9
    )
    weight = keras.Variable(np.array([1.0, 2.0], "float32"))
    made.build([weight])
    return made, weight


@pytest.mark.parametrize("before", [1, 2])
def test_the_optimizer_goes_on_as_if_nothing_had_happened(before):
    gradients = [np.array(g, "float32") for g in ([1, -1], [0.5, 2], [3, 0.25], [1, 1])]
    old, weight = optimizer(before)
    for gradient in gradients[:3]:  # with two in a step, the third is a sum that is under way
        old.apply([keras.ops.convert_to_tensor(gradient)], [weight])
    new, other = optimizer(2 * before)
    other.assign(weight.value)
    arrays, fits = divided(take_arrays({"optimizer": old.variables}), new, 2, 3)
    assert fits
    for i, variable in enumerate(new.variables):
        variable.assign(arrays[f"optimizer/{i:05d}"])
    old.apply([keras.ops.convert_to_tensor(gradients[3])], [weight])
    for _ in range(2):
        new.apply([keras.ops.convert_to_tensor(gradients[3])], [other])
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(other.value), keras.ops.convert_to_numpy(weight.value), rtol=1e-6
    )
    assert int(new.iterations) == int(old.iterations)


def test_an_optimizer_of_another_form_begins_anew_and_counts_on():
    old, _ = optimizer(1, ema=False)
    new, _ = optimizer(2)
    arrays, fits = divided(take_arrays({"model": [], "optimizer": old.variables}), new, 2, 30)
    assert not fits
    assert [int(arrays["optimizer/00000"]), len(arrays)] == [60, len(new.variables)]
    assert not any(value.any() for name, value in arrays.items() if name > "optimizer/00001")


def test_what_runs_out_of_memory_is_known_by_its_name():
    class OutOfMemoryError(RuntimeError):
        pass

    assert all(
        map(device_is_full, [ResourceExhaustedError(), OutOfMemoryError(), RuntimeError("RESOURCE_EXHAUSTED: x")])
    )
    assert not any(map(device_is_full, [MemoryError(), ValueError("memory"), StoppedError("x", 1)]))
    assert isinstance(explain(MemoryError()), ResourceError)
    assert isinstance(explain(OutOfMemoryError("CUDA")), ResourceError)
