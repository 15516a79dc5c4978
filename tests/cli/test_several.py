"""Several trainings of one spec, and several runs that answer together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kerascnn import api, load_spec
from kerascnn.cli.main import run
from kerascnn.runs.folder import list_runs
from kerascnn.runs.lock import RunLock
from kerascnn.spec.yaml_text import write_yaml
from tests.engine.made_sequences import sequence_spec, write_ts


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("several")
    write_ts(folder / "test.ts", 10, seed=1)
    source = {"type": "ts_file", "path": str(write_ts(folder / "train.ts", 16)), "test_path": str(folder / "test.ts")}
    # All of the training file is trained on, as the archives of series want it.
    made = sequence_spec(
        "series_classification",
        source,
        data={"split": {"validation": 0}},
        monitor="loss",
        stages=[{"epochs": 1, "learning_rate": 0.01}],
    )
    (folder / "spec.yaml").write_text(write_yaml(made.spell()), "utf-8")
    return folder / "spec.yaml"


@pytest.fixture(scope="module")
def runs(spec: Path) -> Path:
    """Train from two seeds through the command line."""
    assert run(["train", str(spec), "--seeds", "2", "--runs", str(spec.parent / "runs"), "--quiet"]) == 0
    return spec.parent / "runs"


@pytest.fixture(scope="module")
def found(spec: Path, runs: Path) -> dict[str, Any]:
    """Return the figures of both on the test split, as the API gives them."""
    return api.train_seeds(spec, 2, runs, split="test")


def ask(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert run([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_test_split_is_not_read_unless_it_is_asked_for(runs: Path) -> None:
    found = json.loads(next(runs.glob("seeds-*.json")).read_text("utf-8"))
    assert found["split"] == "train", "there is no validation split"
    assert not list(runs.glob("*/evaluation/test.json"))
    assert len(list_runs(runs)) == 2


def test_the_seeds_their_spread_and_the_networks_together_are_printed(
    spec: Path, runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["train", str(spec), "--seeds", "2", "--split", "test", "--runs", str(runs)]) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[0] == "on the test split"
    assert lines[1].split()[:2] == ["seed", "accuracy"]
    assert [line.split("  ")[0] for line in lines[3:9]] == ["0", "1", "mean", "sd", "95 % from", "95 % to"]
    assert lines[9].startswith("together  ")
    assert lines[-1] == f"table  {next(runs.glob('seeds-*-test.csv')).resolve()}"
    assert err.count("is there already") == 2
    assert len(list_runs(runs)) == 2, "nothing is trained twice"


def test_runs_that_are_named_together_answer_together(
    runs: Path, found: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    ids = [one.id for one in list_runs(runs)]
    report = ask(capsys, "evaluate", *ids, "--runs", str(runs))
    assert (report["runs"], report["split"], report["samples"]) == (ids, "test", 10)
    assert found["ensemble"] == report
    assert run(["evaluate", *ids, "--runs", str(runs)]) == 0
    said = capsys.readouterr().out
    assert "On 10 test samples" in said
    assert all(f"run folder  {(runs / one).resolve()}" in said for one in ids)


def test_as_json_all_of_it_is_printed(
    spec: Path, runs: Path, found: dict[str, Any], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from kerascnn.engine import seeds

    monkeypatch.setattr(seeds, "train_seeds", lambda *_, **__: found)
    assert ask(capsys, "train", str(spec), "--seeds", "2", "--split", "test", "--runs", str(runs)) == found


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["evaluate", "latest", "latest"], "is named twice"),
        (["evaluate", "latest", "nothing"], "no run 'nothing'"),
        (["train", "SPEC", "--split", "test"], "--split is for --seeds"),
        (["train", "SPEC", "--seeds", "2", "--find-lr"], "leave out --seeds"),
        (["train", "SPEC", "--seeds", "2", "--profile"], "leave out --seeds"),
        (["train", "SPEC", "--seeds", "2", "--split", "tset"], "there is no split 'tset'"),
        (["train", "SPEC", "--seeds", "1"], "Invalid value for '--seeds'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_is_a_sentence(
    spec: Path, runs: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [str(spec) if word == "SPEC" else word for word in arguments]
    assert run([*arguments, "--runs", str(runs)]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert "Traceback" not in err
    assert len(list_runs(runs)) == 2


def test_folds_are_printed_with_what_they_say_of_the_mean(
    spec: Path, runs: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from kerascnn.engine import folds

    rows = [{"fold": fold, "run": f"run{fold}", "metrics": {"accuracy": 0.5 + fold / 4}} for fold in range(2)]
    spread = {"mean": 0.625, "sd": 0.1768, "low": -0.9633, "high": 2.2133}
    found = {"folds": 2, "runs": rows, "metrics": {"accuracy": spread}, "table": "folds.csv"}
    monkeypatch.setattr(folds, "cross_validate", lambda *_, **__: found)
    assert run(["train", str(spec), "--folds", "2", "--runs", str(runs), "--quiet"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[2:4] == [["0", "0.5000", "run0"], ["1", "0.7500", "run1"]]
    assert [line[-1] for line in lines[4:8]] == ["0.6250", "0.1768", "-0.9633", "2.2133"]
    assert lines[-1] == ["table", "folds.csv"]


def test_of_many_figures_the_first_macro_f1_and_the_loss_are_printed(
    spec: Path, runs: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from kerascnn.engine import folds

    names = ["accuracy", "top3_accuracy", "log_loss", "macro_f1", "roc_auc", "loss"]
    spread = {"mean": 0.5, "sd": 0.1, "low": 0.3, "high": 0.7}
    rows = [{"fold": fold, "run": f"run{fold}", "metrics": dict.fromkeys(names, 0.5)} for fold in range(2)]
    found = {"folds": 2, "runs": rows, "metrics": dict.fromkeys(names, spread), "table": "folds.csv"}
    monkeypatch.setattr(folds, "cross_validate", lambda *_, **__: found)
    assert run(["train", str(spec), "--folds", "2", "--runs", str(runs), "--quiet"]) == 0
    assert capsys.readouterr().out.splitlines()[0].split() == ["fold", "accuracy", "macro_f1", "loss", "run"]
    assert ask(capsys, "train", str(spec), "--folds", "2", "--runs", str(runs), "--quiet") == found


def test_an_interrupted_one_says_what_is_done(
    spec: Path, runs: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from kerascnn.cli.signals import Stopper

    monkeypatch.setattr(Stopper, "__call__", lambda self: 75)
    assert run(["train", str(spec), "--seeds", "3", "--runs", str(runs), "--quiet"]) == 75
    err = capsys.readouterr().err
    assert "2 trainings are done (seed 0; seed 1) of 3; the same command goes on with the others" in err


def test_a_run_that_another_process_works_on_is_left_alone(spec: Path, runs: Path) -> None:
    (stopped,) = [one for one in list_runs(runs) if one.state.state == "stopped"]
    with RunLock(stopped.path):
        assert run(["train", str(spec), "--seeds", "3", "--runs", str(runs), "--quiet"]) == 6
    assert stopped.state.state == "stopped"


def test_the_api_does_the_same(spec: Path, runs: Path, found: dict[str, Any]) -> None:
    assert json.loads(next(runs.glob("seeds-*-test.json")).read_text("utf-8")) == found
    ids = [row["run"] for row in found["runs"]]
    together = api.evaluate_together([api.Run.find(ids[0], runs), runs / ids[1]])
    assert together == found["ensemble"]
    with pytest.raises(ValueError, match="overrides change a spec file"):
        api.train_seeds(load_spec(spec), 2, runs, overrides=["train.seed=1"])
