"""The report of a run: its page in a browser, and the sentence on how good a model is."""

import pytest

from kerascnn.engine.evaluate import evaluate
from kerascnn.engine.report import verdict
from kerascnn.engine.robustness import robustness
from kerascnn.engine.train import train
from tests.browser import needs_chromium, opened, width_of
from tests.engine.made import make_folder, make_spec


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    root = tmp_path_factory.mktemp("report")
    run = train(make_spec(make_folder(root / "pictures", {"cat": 12, "dog": 12}, noise=200)), root / "runs")
    evaluate(run, "test")
    robustness(run, "test", samples=4)
    return run.path / "report.html"


@needs_chromium
def test_it_opens_from_the_disk_and_asks_for_nothing(page, tmp_path):
    text, asked = opened(page, tmp_path)
    assert "Ready to be used?" in text
    assert text.count("<svg") > 8
    assert asked == []


@needs_chromium
def test_it_is_no_wider_than_a_telephone(page, tmp_path):
    assert width_of(page, tmp_path, 390) <= 390


@pytest.mark.slow
@needs_chromium
def test_a_page_that_asks_would_be_caught(tmp_path):
    page = tmp_path / "page.html"
    page.write_text("<!doctype html><body><img src='http://192.0.2.7:9/x.png'><p style='width: 600px'>x</p></body>")
    assert opened(page, tmp_path / "work")[1] == ["http://192.0.2.7:9/x.png"]
    assert width_of(page, tmp_path / "width", 390) > 600


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (1.5, "On 40 test samples MAE is 1.5, better than the naive forecast, which gets 2."),
        (2.0, "On 40 test samples MAE is 2, no better than the naive forecast, which gets 2."),
        (2.5, "On 40 test samples MAE is 2.5, no better than the naive forecast, which gets 2."),
    ],
)
def test_a_forecast_is_better_than_the_naive_one_or_it_is_not(error, said):
    report = {"split": "test", "samples": 40, "metrics": {"mae": error}, "floor": {"mae": 2.0}}
    assert verdict(report | {"floor_is": "the naive forecast"}) == said


def test_other_numbers_are_beside_always_giving_the_same_answer():
    report = {"split": "test", "samples": 40, "metrics": {"mae": 1.5}, "floor": {"mae": 2.0}}
    assert verdict(report) == "On 40 test samples MAE is 1.5; always giving the same answer would get 2."
    assert verdict(report | {"floor": {}}) == "On 40 test samples MAE is 1.5."
