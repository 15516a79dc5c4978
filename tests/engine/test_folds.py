"""Cross-validation: a training for each fold."""

import json

import numpy as np
import pytest

from kerascnn.engine.folds import cross_validate, of_fold
from kerascnn.engine.train import train
from kerascnn.errors import UsageError
from kerascnn.runs.folder import RunFolder, list_runs
from tests.engine.made import make_folder, make_spec

SPLIT = {"split": {"folds": 2, "validation": 0.25}}


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    root = make_folder(tmp_path_factory.mktemp("data") / "pictures", {"dark": 12, "light": 12}, seed=3)
    runs = tmp_path_factory.mktemp("runs")
    told = []
    spec = make_spec(root, data=SPLIT, batch_size=6)
    result = cross_validate(spec, runs, told=lambda fold, run: told.append((fold, run.id)))
    return spec, runs, told, result


def test_every_sample_is_tested_once(found):
    _, _, _, result = found
    tested = [
        line["id"] for row in result["runs"] for line in RunFolder(row["path"]).manifest() if line["split"] == "test"
    ]
    assert len(tested) == len(set(tested)) == 24
    for row in result["runs"]:
        lines = RunFolder(row["path"]).manifest()
        assert {line["fold"] for line in lines if line["split"] == "test"} == {row["fold"]}
        assert {line["split"] for line in lines} == {"train", "validation", "test"}
        assert row["fold"] == RunFolder(row["path"]).read("spec.resolved.json")["data"]["split"]["fold"]


def test_mean_and_standard_deviation_are_those_of_the_folds(found):
    _, _, _, result = found
    values = [row["metrics"]["accuracy"] for row in result["runs"]]
    accuracy = result["metrics"]["accuracy"]
    assert accuracy["values"] == values
    assert accuracy["mean"] == pytest.approx(np.mean(values))
    assert accuracy["sd"] == pytest.approx(np.std(values, ddof=1))
    assert accuracy["low"] < accuracy["mean"] < accuracy["high"] or accuracy["sd"] == 0
    assert "accuracy_low" not in result["metrics"]


def test_the_result_is_kept_beside_the_runs(found):
    _, runs, told, result = found
    assert told == [(row["fold"], row["run"]) for row in result["runs"]]
    assert [run.id for run in list_runs(runs)] == [row["run"] for row in result["runs"]]
    assert json.loads((runs / f"folds-{told[0][1]}.json").read_text()) == result
    lines = (runs / f"folds-{told[0][1]}.csv").read_text().splitlines()
    assert lines[0].startswith("fold,run,split,samples,accuracy")
    assert [line.split(",")[:3] for line in lines[1:]] == [[str(fold), run, "test"] for fold, run in told]


def test_a_spec_without_folds_or_with_one_of_them_is_refused(found, tmp_path):
    spec, *_ = found
    for other in (make_spec({"type": "digits"}), of_fold(spec, 1)):
        with pytest.raises(UsageError, match=r"cross-validation needs data\.split\.folds"):
            cross_validate(other, tmp_path)
    assert list_runs(tmp_path) == []


@pytest.mark.slow
def test_a_single_training_does_not_take_a_fold_of_its_own_accord(found, tmp_path):
    spec, *_ = found
    with pytest.raises(UsageError, match="asks for 2 trainings: use cross_validate"):
        train(spec, tmp_path)
    assert list_runs(tmp_path) == []
