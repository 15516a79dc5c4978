"""Snapshots in a training: what is kept, that a resume keeps the same, and one model of them."""

import json
import shutil

import keras
import numpy as np
import pytest

from kerascnn.cli.main import run as command
from kerascnn.engine.companions import moved
from kerascnn.engine.evaluate import evaluate
from kerascnn.engine.keeper import snapshots
from kerascnn.engine.merge import members_of, merge_snapshots
from kerascnn.engine.predict import Predictor
from kerascnn.engine.report import write_report
from kerascnn.engine.train import resume, train
from kerascnn.errors import StoppedError, UsageError
from kerascnn.runs.account import methods_paragraph
from kerascnn.runs.folder import list_runs
from kerascnn.runs.state import write_state
from kerascnn.spec import load_spec
from kerascnn.templates_list import find_template
from tests.engine.made import make_folder, make_spec


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_folder(tmp_path_factory.mktemp("data") / "pictures", {"dark": 16, "grey": 16, "light": 16}, noise=90)


def spec_of(folder):
    method = {"type": "snapshots", "cycles": 3}
    stages = [{"epochs": 1}, {"epochs": 6, "learning_rate": 0.05, "optimizer": {"type": "sgd"}, "methods": [method]}]
    return make_spec(folder, stages=stages)


@pytest.fixture(scope="module")
def whole(folder, tmp_path_factory):
    return train(spec_of(folder), tmp_path_factory.mktemp("whole"))


def weights(file):
    return keras.models.load_model(file, compile=False).get_weights()


def test_the_network_of_the_end_of_each_cycle_is_kept_by_its_epoch(whole):
    assert [file.name for file in snapshots(whole).values()] == [f"snapshot_{epoch}.keras" for epoch in (3, 5, 7)]
    facts = whole.read("effective.json")["stages"][1]
    assert facts["methods"] == {"snapshots": {"snapshots": [2, 4, 6]}}
    # 3 steps an epoch; the rate of the next step: in the middle of a cycle, and at its beginning.
    assert facts["learning_rates"] == pytest.approx([0.025, 0.05] * 3, abs=1e-6)


def test_the_networks_differ_and_the_best_model_stands_beside_them(whole):
    kept = [weights(file) for file in [*snapshots(whole).values(), whole.path / "model.keras"]]
    assert all(len(one) == len(kept[0]) for one in kept)
    assert not any(np.array_equal(one[0], other[0]) for one, other in [kept[:2], kept[1:3]])


@pytest.mark.slow
def test_a_resume_keeps_the_same_networks_and_none_that_came_after_its_checkpoint(whole, folder, tmp_path):
    asked = iter(range(1, 1000))
    with pytest.raises(StoppedError):  # in the epoch after the second snapshot
        train(spec_of(folder), tmp_path, stop=lambda: 75 if next(asked) == 17 else None)
    [run] = list_runs(tmp_path)
    assert list(snapshots(run)) == [3, 5]
    # Of a process that was killed after an epoch and before its checkpoint.
    (run.path / "snapshot_7.keras").write_bytes(b"torn")
    (run.path / "snapshot_3.keras").write_bytes(b"torn")
    resume(run)
    assert list(snapshots(run)) == [3, 5, 7]
    for epoch, file in snapshots(whole).items():
        pairs = zip(weights(file), weights(snapshots(run)[epoch]), strict=True)
        assert all(np.array_equal(a, b) for a, b in pairs), epoch
    assert run.read("effective.json")["stages"] == whole.read("effective.json")["stages"]


def test_one_model_answers_with_their_mean(whole, tmp_path):
    made = merge_snapshots(whole, tmp_path)
    pictures = np.random.default_rng(0).integers(0, 256, (5, *Predictor(whole).shape), "uint8")
    files = snapshots(whole).values()
    each = [keras.models.load_model(file, compile=False).predict(pictures, verbose=0) for file in files]
    assert Predictor(made).answers(pictures) == pytest.approx(np.mean(each, axis=0), abs=1e-6)
    assert [(member["run"], member["epoch"]) for member in members_of(made)] == [(whole.id, n) for n in (3, 5, 7)]
    assert evaluate(made)["samples"] == evaluate(whole)["samples"]
    write_report(made)
    assert f"The networks after the epochs 3, 5, 7 of run {whole.id} answer together" in methods_paragraph(made)


def test_the_command_makes_it_of_one_run(whole, tmp_path, capsys):
    assert command(["ensemble", str(whole.path), "--snapshots", "--runs", str(tmp_path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [member["epoch"] for member in told["members"]] == [3, 5, 7]
    assert command(["ensemble", str(whole.path), str(whole.path), "--snapshots", "--runs", str(tmp_path)]) == 2
    assert "--snapshots is for one run (got 2)" in capsys.readouterr().err


def test_a_run_without_snapshots_is_refused_and_so_is_one_that_is_not_done(folder, whole, tmp_path):
    plain = train(make_spec(folder), tmp_path)
    with pytest.raises(UsageError, match="has no snapshots, and an ensemble takes two; train with the method"):
        merge_snapshots(plain, tmp_path)
    copy = type(whole)(shutil.copytree(whole.path, tmp_path / whole.id))
    (copy.path / "state.json").unlink()
    write_state(copy.path, "new")
    with pytest.raises(UsageError, match="is not done: its state is 'new'"):
        merge_snapshots(copy, tmp_path)


def test_a_stage_with_snapshots_is_entered_with_the_schedule_of_the_cycles(folder):
    first, second = spec_of(folder).train.stages
    assert moved(second).schedule.spell() == {"type": "cyclic_cosine", "cycles": 3, "end": 0.0}
    assert moved(first) is first


@pytest.mark.slow
def test_the_template_trains_and_its_networks_answer_together(tmp_path):
    spec = load_spec(find_template("snapshots"), overrides=["train.stages.0.epochs=5"])
    run = train(spec, tmp_path)
    assert list(snapshots(run)) == [1, 2, 3, 4, 5]
    assert evaluate(merge_snapshots(run, tmp_path))["metrics"]["accuracy"] > 0.5
