"""The learning-rate finder on small pictures, and its command."""

import json

import keras
import numpy as np
import pytest

from kerascnn.cli.main import run
from kerascnn.engine import find_rate as module
from kerascnn.engine.find_rate import find_rate
from kerascnn.engine.optimize import current_rate
from kerascnn.engine.progress import Progress
from kerascnn.errors import StoppedError, UsageError
from kerascnn.spec.yaml_text import write_yaml
from tests.engine.made import make_folder, make_spec


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_folder(tmp_path_factory.mktemp("rates"), {"cat": 40, "dog": 40})


@pytest.fixture(scope="module")
def said():
    """What the progress of `found` was told."""
    return []


@pytest.fixture(scope="module")
def found(folder, said):
    class Counter(Progress):
        def count(self, what, total):
            said.append((what, total))
            return super().count(what, total)

    return find_rate(make_spec(folder), steps=60, low=1e-5, progress=Counter())


def test_a_rate_is_found_where_a_network_learns(found):
    assert 1e-4 < found.suggestion < 0.5, found.reason
    assert found.rates[0] == pytest.approx(1e-5)
    np.testing.assert_allclose(np.diff(np.log10(found.rates)), 5 / 59)
    assert min(found.losses) < 0.5 * found.losses[0]


@pytest.mark.slow
def test_the_same_seed_finds_the_same(found, folder):
    assert find_rate(make_spec(folder), steps=60, low=1e-5).losses == pytest.approx(found.losses, rel=1e-5)


def watched(monkeypatch):
    """Return a list that gets the model and its rate and weights at each step."""
    seen, original = [], keras.Model.train_on_batch

    def train_on_batch(self, x, y):
        loss = original(self, x, y)
        seen.append((self, current_rate(self.optimizer), len(x), self.get_weights()))
        return loss

    monkeypatch.setattr(keras.Model, "train_on_batch", train_on_batch)
    return seen


def test_the_rate_of_each_step_is_the_one_that_is_told(folder, monkeypatch):
    seen = watched(monkeypatch)
    stages = [{"optimizer": {"type": "sgd"}, "schedule": {"type": "cosine", "warmup": 0.5}}]
    found = find_rate(make_spec(folder, stages=stages), steps=5, low=1e-4, high=1.0)
    assert [rate for _, rate, *_ in seen] == pytest.approx(found.rates, rel=1e-4)
    assert found.rates == pytest.approx([1e-4, 1e-3, 1e-2, 1e-1, 1])


def test_the_optimizer_the_batches_and_the_frozen_parts_are_those_of_the_stage(folder, monkeypatch):
    seen = watched(monkeypatch)
    stages = [{"epochs": 1}, {"optimizer": {"type": "lion"}, "freeze": "backbone", "batch_size": 5, "accumulate": 2}]
    find_rate(make_spec(folder, stages=stages), stage=1, steps=4, low=1e-2)
    model, _, size, last = seen[-1]
    assert (len(seen), size, type(model.optimizer)) == (8, 5, keras.optimizers.Lion)
    assert int(model.optimizer.iterations) == 4
    changed = {
        weight.path for weight, a, b in zip(model.weights, seen[0][3], last, strict=True) if not np.array_equal(a, b)
    }
    assert changed == {"logits/kernel", "logits/bias"}


@pytest.mark.parametrize("bad", [1e6, np.nan])
def test_a_loss_that_explodes_ends_the_search(folder, monkeypatch, bad):
    losses = iter([2.0] * 10 + [1.0] * 10 + [bad] * 40)
    monkeypatch.setattr(keras.Model, "train_on_batch", lambda self, x, y: next(losses))
    found = find_rate(make_spec(folder), steps=60)
    assert len(list(losses)) == 39
    assert len(found.rates) == (21 if np.isfinite(bad) else 20)
    assert found.suggestion is not None


def test_a_stop_is_heard(folder):
    with pytest.raises(StoppedError, match="while learning rates were tried") as caught:
        find_rate(make_spec(folder), steps=5, stop=lambda: 130)
    assert caught.value.exit_code == 130


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"stage": 1}, "there is no stage 1; the spec has 1, counted from 0"),
        ({"low": 1.0, "high": 0.1}, "cannot try 120 rates from 1 to 0.1"),
        ({"steps": 1}, "cannot try 1 rates"),
        ({"low": 0.0}, "from 0 to 1"),
        ({"high": float("nan")}, "to nan"),
    ],
)
def test_what_cannot_be_tried_is_refused(folder, keywords, message):
    with pytest.raises(UsageError, match=message):
        find_rate(make_spec(folder), **keywords)


def test_folds_want_to_be_told_which(folder):
    data = {"split": {"folds": 3, "validation": 0.2}}
    with pytest.raises(UsageError, match=r"--set data\.split\.fold=0"):
        find_rate(make_spec(folder, data=data))


def test_with_tensorflow_one_device_does_what_several_would(folder, found, monkeypatch):
    notes = []
    progress = Progress()
    progress.note = notes.append
    monkeypatch.setattr(module, "backend", lambda: "tensorflow")
    tried = find_rate(make_spec(folder, devices=2), steps=2, progress=progress)
    assert len(tried.losses) == 2
    assert "learning rates are tried on one device with tensorflow, whatever train.devices says" in notes


def test_several_processes_are_refused_before_data_are_read(monkeypatch):
    monkeypatch.setenv("KERAS_DISTRIBUTION_NUM_PROCESSES", "2")
    with pytest.raises(UsageError, match="the search for a learning rate goes in one process"):
        find_rate(make_spec({"type": "image_folder", "path": "/nowhere"}))


def test_progress_counts_the_rates(found, said):
    assert said[-1] == ("trying learning rates", 60)


def command(spec, path, *arguments):
    path.write_text(write_yaml(spec.spell()), "utf-8")
    return run(["train", str(path), "--find-lr", *arguments])


def test_the_command_says_the_rate_and_how_to_train_with_it(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(module, "_losses", lambda *_: list(2 / (1 + np.exp((np.arange(120) - 60) / 10))))
    stages = [{"learning_rate": 1.0, "optimizer": {"type": "adamw"}}]
    assert command(make_spec(folder, stages=stages), tmp_path / "a b.yaml", "--set", "train.seed=1") == 0
    said = capsys.readouterr()
    rate = said.out.splitlines()[0].split()
    assert rate[0] == "rate"
    assert f"picture  {tmp_path / 'find-lr.svg'}" in said.out
    wanted = (
        f"next: kerascnn train '{tmp_path}/a b.yaml' --set train.seed=1 --set train.stages.0.learning_rate={rate[1]}"
    )
    assert wanted in said.err
    assert (tmp_path / "find-lr.svg").read_text("utf-8").startswith("<svg")
    assert [file.name for file in tmp_path.iterdir() if file.is_dir()] == []  # no run


def test_the_command_answers_with_one_document(folder, tmp_path, capsys):
    picture = tmp_path / "rates.svg"
    assert command(make_spec(folder), tmp_path / "spec.yaml", "--json", "--find-lr-to", str(picture)) == 0
    answer = json.loads(capsys.readouterr().out)
    assert set(answer) == {
        "suggestion", "steepest", "reason", "rates", "losses", "smoothed", "stage", "setting", "picture"
    }  # fmt: skip
    assert answer["picture"] == str(picture)
    assert picture.is_file()


def test_the_command_fails_where_nothing_can_be_suggested(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(module, "_losses", lambda *_: [float("nan")] * 120)
    code = command(make_spec(folder), tmp_path / "s.yaml", "--json", "--find-lr-to", str(tmp_path / "r.svg"))
    said = capsys.readouterr()
    assert code == 1
    assert json.loads(said.out)["suggestion"] is None
    assert "no learning rate can be suggested: the loss is not a finite number at the rate 1.0e-07" in said.err


def test_the_command_wants_a_folder_for_its_picture_before_it_works(folder, tmp_path, capsys):
    assert command(make_spec(folder), tmp_path / "s.yaml", "--find-lr-to", str(tmp_path / "no" / "r.svg")) == 2
    assert "there is no folder" in capsys.readouterr().err
