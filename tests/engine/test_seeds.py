"""A training from several seeds: what it writes, and how it goes on where it was interrupted."""

import csv
import json

import numpy as np
import pytest

from kerascnn.engine import seeds as module
from kerascnn.engine.predict import Predictor
from kerascnn.engine.seeds import of_seed, train_seeds
from kerascnn.engine.several import spread, write_rows
from kerascnn.errors import StoppedError, UsageError
from kerascnn.runs.folder import RunFolder, list_runs
from tests.engine.made_sequences import sequence_spec, write_ts


class Said:
    """A progress that keeps its sentences."""

    def __init__(self):
        from kerascnn.engine.progress import Progress

        self.notes = []
        self.progress = Progress()
        self.progress.note = self.notes.append


@pytest.fixture(scope="module")
def spec(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    source = {"type": "ts_file", "path": str(write_ts(folder / "train.ts", 24)), "test_path": str(folder / "test.ts")}
    write_ts(folder / "test.ts", 10, seed=1)
    return sequence_spec("series_classification", source, seed=3, stages=[{"epochs": 1, "learning_rate": 0.01}])


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def interrupted(spec, runs):
    """Stop in the second of two seeds, and return what was said with the runs that were there then."""
    steps = iter(range(10_000))
    first = 3  # steps of 18 samples by 8
    with pytest.raises(StoppedError) as caught:
        train_seeds(spec, 2, runs, stop=lambda: 75 if next(steps) > first else None)
    return caught.value, [(run.id, run.state.state) for run in list_runs(runs)]


@pytest.fixture(scope="module")
def found(spec, runs, interrupted):
    said = Said()
    return train_seeds(spec, 2, runs, progress=said.progress), said.notes


def test_an_interruption_says_which_are_done(interrupted):
    error, there = interrupted
    assert [state for _, state in there] == ["done", "stopped"]
    assert "1 training is done (seed 3) of 2; the same command goes on with the others" in str(error)
    assert error.exit_code == 75


def test_the_same_call_goes_on_with_what_is_missing(interrupted, found, runs):
    result, notes = found
    ids = [one for one, _ in interrupted[1]]
    assert [(row["seed"], row["run"]) for row in result["runs"]] == list(zip((3, 4), ids, strict=True))
    assert [run.id for run in list_runs(runs)] == ids
    assert f"seed 3: run {ids[0]} is there already" in notes
    assert f"seed 4: going on with run {ids[1]}" in notes


def test_every_seed_is_trained_from_and_judged_on_the_validation_split(found):
    result, _ = found
    assert (result["seeds"], result["split"], result["folds"]) == ([3, 4], "validation", None)
    for row in result["runs"]:
        run = RunFolder(row["path"])
        assert run.read("spec.resolved.json")["train"]["seed"] == row["seed"]
        assert run.read("evaluation/validation.json")["metrics"] == row["metrics"]
        assert not (run.path / "evaluation" / "test.json").exists()
    values = [row["metrics"]["accuracy"] for row in result["runs"]]
    assert result["metrics"]["accuracy"]["mean"] == pytest.approx(np.mean(values))


def test_there_is_no_ensemble_where_each_seed_draws_a_split_of_its_own(found):
    result, _ = found
    assert result["ensemble"] is None
    assert "the validation split of run" in result["no_ensemble"]


def test_the_result_and_a_table_with_a_row_for_each_run_are_kept(found, runs):
    result, _ = found
    file = runs / f"seeds-{result['runs'][0]['run']}-validation.json"
    assert json.loads(file.read_text("utf-8")) == result
    with file.with_suffix(".csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["seed"], row["run"], row["split"]) for row in rows] == [
        (str(row["seed"]), row["run"], "validation") for row in result["runs"]
    ]
    assert [float(row["accuracy"]) for row in rows] == result["metrics"]["accuracy"]["values"]


@pytest.mark.slow
def test_the_test_split_is_read_when_it_is_asked_for_and_nothing_is_trained_again(spec, runs, found):
    result = train_seeds(spec, 2, runs, split="test")
    assert [row["run"] for row in result["runs"]] == [row["run"] for row in found[0]["runs"]]
    predictors = [Predictor(RunFolder(row["path"])) for row in result["runs"]]
    from kerascnn.engine.ensemble import _held

    elements, truth = _held(predictors[0], "test").whole()
    mean = np.mean([one.answers(elements) for one in predictors], axis=0)
    assert result["ensemble"]["metrics"]["accuracy"] == pytest.approx((mean.argmax(1) == truth).mean())
    assert result["no_ensemble"] is None


def test_runs_of_other_data_do_not_count(spec, runs, found, tmp_path, monkeypatch):
    from kerascnn.engine import several

    changed = {"id": "0", "sha256": "other", "label": "slow"}
    monkeypatch.setattr(several, "load_data", lambda *_, **__: type("Data", (), {"manifest": [changed]}))
    said = Said()
    assert several._Kept(runs, said.progress).find(several.Planned({"seed": 3}, of_seed(spec, 3))) is None
    assert said.notes == [f"seed 3: run {found[0]['runs'][0]['run']} had other data, and does not count"]


def test_runs_of_another_spec_do_not_count(spec, runs, found):
    from kerascnn.engine import several

    kept = several._Kept(runs, Said().progress)
    assert kept.find(several.Planned({"seed": 5}, of_seed(spec, 5))) is None


def test_with_folds_every_seed_is_trained_on_every_fold(monkeypatch, tmp_path):
    spec = sequence_spec("series_classification", {"type": "ts_file", "path": "x.ts"}, data={"split": {"folds": 2}})
    accuracies = iter([0.5, 0.7, 0.9, 0.9])

    def rows(planned, done, split):
        figures = {"accuracy": 0.0, "accuracy_low": 0.0}
        return [
            {**one.keys, "run": str(one), "path": "", "samples": 5, "metrics": figures | {"accuracy": next(accuracies)}}
            for one in planned
        ]

    monkeypatch.setattr(module, "train_all", lambda planned, *_, **__: [None] * len(planned))
    monkeypatch.setattr(module, "evaluated", rows)
    result = train_seeds(spec, 2, tmp_path)
    assert [(row["seed"], row["fold"]) for row in result["runs"]] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert (result["split"], result["folds"], result["ensemble"]) == ("test", 2, None)
    # A seed counts once, by the mean of its folds.
    assert result["metrics"]["accuracy"]["values"] == pytest.approx([0.6, 0.9])
    assert "accuracy_low" not in result["metrics"]


def test_the_interval_is_students():
    found = spread([1.0, 2.0, 3.0])
    # t of 2 degrees of freedom at 0.975 is 4.3027; the mean's standard error is 1 / sqrt 3.
    assert (found["mean"], found["sd"]) == (2.0, 1.0)
    assert found["high"] - 2 == pytest.approx(4.3027 / 3**0.5, abs=1e-4)
    assert 2 - found["low"] == pytest.approx(found["high"] - 2)


def test_a_figure_that_a_run_lacks_is_an_empty_cell(tmp_path):
    rows = [
        {"fold": 0, "run": "a", "samples": 3, "metrics": {"mae": 0.5, "mase": 1.0}},
        {"fold": 1, "run": "b", "samples": 4, "metrics": {"mae": 0.25}},
    ]
    write_rows(tmp_path / "rows.csv", rows, "test")
    assert (tmp_path / "rows.csv").read_text() == (
        "fold,run,split,samples,mae,mase\n0,a,test,3,0.5,1.0\n1,b,test,4,0.25,\n"
    )


@pytest.mark.parametrize(
    ("seeds", "split", "said"),
    [
        (1, None, r"name two seeds or more \(got 1\)"),
        (2, "all", "there is no split 'all'"),
        (2**32, None, "go beyond 4294967295"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_trained(spec, tmp_path, seeds, split, said):
    with pytest.raises(UsageError, match=said):
        train_seeds(spec, seeds, tmp_path, split=split)
    assert list_runs(tmp_path) == []
