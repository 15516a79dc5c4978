"""A small run that answers with two numbers, from its calibration to its predictions, its report, and back."""

import csv
import json
import shutil
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from kerascnn.api import Run
from kerascnn.cli.main import run as cli
from kerascnn.engine.calibrate import calibrate, uncalibrate
from kerascnn.engine.evaluate import evaluate
from kerascnn.engine.predict import Predictor
from kerascnn.engine.ranges import fit_ranges, gives_numbers, judge_ranges, range_notes
from kerascnn.engine.report_parts import range_parts
from kerascnn.engine.train import train
from kerascnn.errors import DataError, UsageError
from kerascnn.evaluation.conformal import widest_residual
from kerascnn.runs.answers import KeptAnswers, read_answers, write_answers
from kerascnn.runs.folder import RunFolder
from kerascnn.spec import DataInfo
from tests.engine.made import LAYERS, make_folder
from tests.engine.made_sequences import sequence_spec
from tests.helpers import make

LABELS = ["level", "size"]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Return a manifest of pictures with two numbers each, of different scales."""
    root = make_folder(tmp_path_factory.mktemp("pictures"), {"dark": 120, "light": 120})
    rng = np.random.default_rng(0)
    with (root / "list.csv").open("w", newline="") as file:
        rows = [
            (f"{name}/{i:03d}.png", level + 0.1 * rng.standard_normal(), 10 * rng.standard_normal())
            for level, name in enumerate(("dark", "light"))
            for i in range(120)
        ]
        csv.writer(file).writerows([("path", *LABELS), *rows])
    return root


@pytest.fixture(scope="module")
def trained(pictures):
    source = {"type": "manifest", "path": str(pictures / "list.csv"), "target_columns": LABELS}
    spec = sequence_spec("image_regression", source, layers=LAYERS, head="regressor", monitor="val_mae")
    run = train(spec, pictures / "runs")
    evaluate(run, "validation")
    evaluate(run, "test")
    return run


@pytest.fixture
def run(trained, tmp_path):
    return RunFolder(shutil.copytree(trained.path, tmp_path / trained.id))


@pytest.fixture(scope="module")
def calibrated(trained, tmp_path_factory):
    run = RunFolder(shutil.copytree(trained.path, tmp_path_factory.mktemp("calibrated") / trained.id))
    return run, calibrate(run, conformal=0.9)


def test_the_ranges_are_those_of_the_validation_split_and_the_model_stays_to_the_byte(trained, calibrated):
    run, found = calibrated
    kept = read_answers(trained, "validation")
    widest = widest_residual(kept.truth, kept.answers, 0.9)
    assert list(found["conformal"]["widest"]) == LABELS
    assert list(found["conformal"]["widest"].values()) == pytest.approx(widest.tolist())
    assert found["conformal"]["inside"] >= 0.9
    assert found["temperature"] is None
    assert "No temperature is fitted" in found["notes"][0]
    assert run.read("calibration.json") == found
    assert (run.path / "model.keras").read_bytes() == (trained.path / "model.keras").read_bytes()


def test_reports_say_how_often_the_ranges_hold_the_numbers(trained, calibrated):
    run, found = calibrated
    assert "ranges" not in trained.read("evaluation/test.json")
    for split in ("validation", "test"):
        report, kept = run.read(f"evaluation/{split}.json"), read_answers(run, split)
        inside = np.abs(kept.answers - kept.truth) <= list(found["conformal"]["widest"].values())
        ranges = report["ranges"]
        assert ranges["wished_coverage"] == 0.9
        assert ranges["coverage"] == pytest.approx(inside.mean(), abs=0.01)
        assert [row["coverage"] for row in ranges["by_number"]] == pytest.approx(inside.mean(0), abs=0.02)
        assert ranges["mean_width"] == found["conformal"]["mean_width"]
        assert report["metrics"] == trained.read(f"evaluation/{split}.json")["metrics"]
    assert run.read("evaluation/validation.json")["ranges"]["coverage"] >= 0.9
    html = (run.path / "report.html").read_text("utf-8")
    assert "<h3>Ranges</h3>" in html
    assert "asked for: 90.0%" in html


def test_predictions_have_low_and_high_beside_each_number(calibrated, pictures):
    run, found = calibrated
    files = sorted(pictures.glob("dark/00?.png"))
    for one in Predictor(run).predict_files(files)[0]:
        for label, half in found["conformal"]["widest"].items():
            assert one.low[label] == pytest.approx(one.values[label] - half)
            assert one.high[label] == pytest.approx(one.values[label] + half)
        assert one.unsure is one.set is None
    frame = Run(run.path).predict(pd.DataFrame({"path": files}))
    assert list(frame.columns) == [
        "path", "label", "confidence", *LABELS, "low_level", "low_size", "high_level", "high_size",
    ]  # fmt: skip
    assert (frame["high_size"] - frame["low_size"]).tolist() == pytest.approx(
        [2 * found["conformal"]["widest"]["size"]] * len(files)
    )


def test_the_command_line_prints_them(calibrated, pictures, tmp_path, capsys):
    path, file = str(shutil.copytree(calibrated[0].path, tmp_path / "run")), str(pictures / "dark/000.png")
    assert cli(["predict", path, file]) == 0
    head, _, row = capsys.readouterr().out.splitlines()
    assert head.split() == ["file", "label", "confidence", "range"]
    assert row.count(" to ") == 2
    assert cli(["predict", path, file, "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert set(found["low"]) == set(found["high"]) == set(found["values"])
    assert "set" not in found
    assert cli(["evaluate", path]) == 0
    assert "(asked for: 90.0%)" in capsys.readouterr().err
    assert cli(["calibrate", path, "--conformal", "0.8"]) == 0
    said = capsys.readouterr()
    assert "ranges to hold the true number in 80.0%, from 60 validation samples" in said.out
    assert "No temperature is fitted" in said.err
    assert cli(["calibrate", path, "--unsure", "auto"]) == 2
    assert "numbers without probabilities, so that none can be unsure" in capsys.readouterr().err


def test_names_of_numbers_are_escaped_in_the_report():
    row = {"label": "<b> & c", "coverage": 0.5, "width": 2.0}
    told = {"ranges": {"wished_coverage": 0.9, "coverage": 0.5, "mean_width": 2.0, "by_number": [row]}}
    tree = ElementTree.fromstring(f"<div>{range_parts(told)}</div>")
    assert [cell.text for cell in tree.iter("td")] == ["<b> & c", "50.0%", "2"]
    assert range_parts({}) == ""


def test_off_forgets_the_ranges(trained, calibrated, pictures, tmp_path):
    run = RunFolder(shutil.copytree(calibrated[0].path, tmp_path / trained.id))
    uncalibrate(run)
    assert not (run.path / "calibration.json").exists()
    assert "ranges" not in run.read("evaluation/test.json")
    files = [pictures / "dark/000.png"]
    assert Predictor(run).predict_files(files) == Predictor(trained).predict_files(files)


def test_a_model_that_was_trained_on_is_not_taken_for_the_calibrated_one(trained, calibrated, tmp_path, pictures):
    run = RunFolder(shutil.copytree(calibrated[0].path, tmp_path / trained.id))
    model = Predictor(run).model
    model.set_weights([1.01 * weights for weights in model.get_weights()])
    model.save(run.path / "model.keras")
    with pytest.raises(UsageError, match="was trained on after it was calibrated"):
        Predictor(run).predict_files([pictures / "dark/000.png"])
    assert calibrate(run, conformal=0.9)["model"] != calibrated[1]["model"]
    assert Predictor(run).predict_files([pictures / "dark/000.png"])[0][0].low


@pytest.mark.parametrize(
    ("wishes", "said"),
    [
        ({"conformal": 0.9, "unsure": "auto"}, "leave out --unsure and --most-error"),
        ({"conformal": 0.9, "most_error": 0.1}, "so that none can be unsure"),
        ({}, r"no temperature can be fitted; --conformal 0\.9 gives each number a range"),
    ],
)
def test_wishes_that_are_not_for_numbers_are_refused(run, wishes, said):
    with pytest.raises(UsageError, match=said):
        calibrate(run, **wishes)
    assert not (run.path / "calibration.json").exists()


def test_too_few_samples_are_refused(run):
    with pytest.raises(DataError, match=r"in 0\.999 of cases take 999 validation samples \(there are 60\)"):
        calibrate(run, conformal=0.999)
    kept = read_answers(run, "validation")
    write_answers(run, "validation", KeptAnswers(kept.ids[:49], kept.truth[:49], kept.answers[:49]))
    with pytest.raises(DataError, match="has 49 samples; to calibrate takes 50"):
        calibrate(run, conformal=0.9)


def test_a_forecast_has_a_range_for_each_step():
    rng = np.random.default_rng(0)
    wanted = rng.standard_normal((99, 2)) * [1, 10]
    # The naive forecast and the scale come with the numbers that follow.
    truth = np.concatenate([wanted, np.full((99, 4), 1e6)], axis=1)
    stored = fit_ranges(["load+1", "load+2"], truth, np.zeros((99, 2)), 0.9, "validation")
    assert list(stored["widest"].values()) == np.sort(np.abs(wanted), axis=0)[89].tolist()
    told = judge_ranges(["load+1", "load+2"], truth, np.zeros((99, 2)), stored)
    assert told["coverage"] == stored["inside"] == pytest.approx(90 / 99)
    task = make("task", "series_forecast")
    assert gives_numbers(task, DataInfo((20, 1), ("load+1", "load+2")))
    assert "the share is no promise" in range_notes(task, ["load+1", "load+2"])[-1]


def test_answers_that_are_no_numbers_have_no_ranges():
    others = ("image_classification", "image_multilabel", "image_segmentation", "object_detection")
    info = DataInfo((8, 8, 1), ("a", "b"))
    assert not any(gives_numbers(make("task", name), info) for name in others)
    assert gives_numbers(make("task", "image_regression"), info)
