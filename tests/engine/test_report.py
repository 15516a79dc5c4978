"""The sentence on how good a model is."""

import pytest

from kerascnn.engine.report import verdict


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
