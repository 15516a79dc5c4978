"""Forecasts from a table to the saved model and back."""

import numpy as np
import pytest

from kerascnn.engine.predict import Predictor
from kerascnn.engine.train import train
from kerascnn.spec import spec_from_dict


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("forecast")
    rng = np.random.default_rng(0)
    time = np.arange(600)
    # About 50,000, where nothing is learnt by a network that sees the numbers as they are.
    load = 50_000 + 900 * np.sin(time / 3) + 50 * rng.standard_normal(600)
    rows = [f"{t},{value:.3f},{t % 7}" for t, value in zip(time, load, strict=True)]
    (folder / "load.csv").write_text("\n".join(["time,load,day", *rows]), "utf-8")
    source = {"type": "series_windows", "path": str(folder / "load.csv"), "window": 24, "horizon": 4}
    spec = {
        "kerascnn": 1,
        "name": "forecast",
        "task": {"type": "series_forecast", "error": "absolute"},
        "data": {"source": source | {"target_columns": ["load"]}},
        "model": {
            "preprocess": {"normalize": "none"},
            "backbone": {"type": "tcn", "filters": 16, "levels": 3, "window_norm": True, "dropout": 0.0},
            "head": {"type": "forecaster"},
        },
        "train": {"monitor": "val_mae", "stages": [{"epochs": 10, "learning_rate": 0.01}]},
    }
    return train(spec_from_dict(spec), folder / "runs")


def test_a_forecast_beats_the_naive_one_in_the_series_own_units(run):
    from kerascnn.engine.evaluate import evaluate

    report = evaluate(run)
    assert report["labels"] == ["load+1", "load+2", "load+3", "load+4"]
    assert report["metrics"]["mae"] < 0.3 * report["floor"]["mae"]
    assert report["metrics"]["mase"] < 1 < report["floor"]["mase"]


def test_the_manifest_says_what_follows_each_window(run):
    line = next(line for line in run.manifest() if line["split"] == "test")
    assert len(line["values"]) == 3 * 4
    assert all(40_000 < value < 60_000 for value in line["values"][:8])


def test_a_window_is_forecast_by_the_saved_model(run):
    time = np.arange(24)
    window = np.stack([50_000 + 900 * np.sin(time / 3), time % 7], axis=1)
    (said,), bad = Predictor(run).predict([window], ["now"])
    assert not bad
    wanted = 50_000 + 900 * np.sin(np.arange(24, 28) / 3)
    assert np.abs(np.array(list(said.values.values())) - wanted).mean() < 200


def test_of_more_than_a_window_the_last_steps_count_and_fewer_are_refused(run):
    window = np.stack([50_000 + np.arange(24.0), np.arange(24.0) % 7], axis=1)
    longer = np.concatenate([np.zeros((5, 2)), window])
    (said, again), refused = Predictor(run).predict([window, longer, window[1:]], ["window", "longer", "short"])
    assert again.values == pytest.approx(said.values)
    assert refused == [("short", "has 23 time steps; a forecast needs the last 24")]


def test_the_report_says_whether_it_is_better_than_the_naive_forecast(run):
    from kerascnn.engine.evaluate import evaluate
    from kerascnn.engine.report import verdict

    said = verdict(evaluate(run))
    assert ", better than the naive forecast, which gets " in said
    assert said in (run.path / "report.html").read_text("utf-8")
