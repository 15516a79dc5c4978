"""What evaluate, calibrate and predict print of a small run of noisy pictures."""

import csv
import json
import shutil

import pytest

from kerascnn.cli.main import run
from tests.engine.made import make_folder, make_spec

LABELS = ["dark", "grey", "light"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    from kerascnn.engine.train import train

    root = make_folder(tmp_path_factory.mktemp("pictures"), dict.fromkeys(LABELS, 100), noise=400)
    rows = [(f"{label}/{i:03d}.png", label, "north" if i % 3 else "south") for label in LABELS for i in range(100)]
    with (root / "list.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("path", "label", "site"), *rows])
    source = {"type": "manifest", "path": str(root / "list.csv"), "metadata_columns": ["site"]}
    return root, train(make_spec(source, stages=[{"epochs": 1, "learning_rate": 0.05}]), root / "runs").path


@pytest.fixture
def place(trained, tmp_path):
    """Return the pictures and a copy of the run."""
    return trained[0], str(shutil.copytree(trained[1], tmp_path / trained[1].name))


def test_evaluate_prints_intervals_baselines_slices_and_calibration(place, capsys):
    assert run(["evaluate", place[1]]) == 0
    said = capsys.readouterr()
    lines = [line.split() for line in said.out.splitlines()]
    (accuracy,) = [line for line in lines if line[:1] == ["accuracy"]]
    assert float(accuracy[2]) <= float(accuracy[1]) <= float(accuracy[4])
    assert len([line for line in lines if line[:1] == ["site:"]]) == 2
    assert "ROC AUC" in said.out
    assert "not calibrated (see `kerascnn calibrate`)" in said.err


def test_calibrate_prints_what_it_found_and_predict_honours_it(place, capsys):
    pictures, path = place
    assert run(["calibrate", path, "--unsure", "auto", "--most-error", "0.3", "--conformal", "0.9"]) == 0
    out = capsys.readouterr().out
    assert "temperature" in out
    assert "unsure below 0." in out
    assert "to hold the right one in 90.0%" in out
    assert run(["predict", path, str(pictures / "grey")]) == 0
    head, _, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["file", "label", "confidence", "sure", "one", "of"]
    assert {row.split()[3] for row in rows} <= {"sure", "unsure"}
    assert run(["predict", path, str(pictures / "grey"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert all(row["label"] in row["set"] and isinstance(row["unsure"], bool) for row in found)


def test_calibrate_recommends_a_threshold_and_off_forgets(place, capsys):
    assert run(["calibrate", place[1], "--most-error", "0.3", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["unsure"] is None
    assert found["recommended"]["error"] <= 0.3
    assert run(["calibrate", place[1], "--off", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"temperature": 1.0}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--unsure", "often"], "--unsure is auto or a number between 0 and 1 (got 'often')"),
        (["--unsure", "7"], "lies between 0 and 1 (got 7)"),
        (["--off", "--conformal", "0.9"], "--off takes no other option"),
        (["--conformal", "90"], "such as 0.9 (got 90)"),
    ],
)
def test_options_that_mean_nothing_are_refused_in_a_sentence(place, capsys, options, said):
    assert run(["calibrate", place[1], *options]) == 2
    assert said in capsys.readouterr().err
