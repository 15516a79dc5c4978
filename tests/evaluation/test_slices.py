import numpy as np
import pytest
from scipy.stats import binomtest

from kerascnn.evaluation.slices import slices

RIGHT = np.array([1.0] * 18 + [0.0] * 2 + [1.0] * 5 + [0.0] * 15)


def test_a_planted_bad_slice_comes_first_with_its_gap_and_its_interval():
    rows, notes = slices({"site": ["north"] * 20 + ["south"] * 20}, "accuracy", "max", RIGHT)
    interval = binomtest(5, 20).proportion_ci(method="wilson")
    assert rows[0] == {
        "column": "site", "value": "south", "samples": 20, "accuracy": 0.25,
        "low": pytest.approx(interval.low), "high": pytest.approx(interval.high), "gap": pytest.approx(0.65),
    }  # fmt: skip
    assert (rows[1]["value"], rows[1]["gap"]) == ("north", 0.0)
    assert notes == []


def test_of_errors_the_largest_is_the_worst():
    errors = np.r_[np.linspace(0, 1, 20), np.linspace(2, 4, 20)]
    rows, _ = slices({"site": ["a"] * 20 + ["b"] * 20}, "mae", "min", errors)
    assert [(row["value"], row["gap"]) for row in rows] == [("b", pytest.approx(2.5)), ("a", 0.0)]
    assert rows[0]["low"] < 3 < rows[0]["high"]


def test_values_of_few_samples_are_left_out_with_a_sentence():
    rows, notes = slices({"site": ["a"] * 31 + ["b"] * 9}, "accuracy", "max", RIGHT)
    assert [row["value"] for row in rows] == ["a"]
    assert notes == ["1 of 2 values of 'site' have fewer than 10 samples and are left out (9 samples)."]


def test_numbers_are_taken_in_quarters_and_missing_ones_by_themselves():
    told = [str(i) for i in range(40)]
    rows, _ = slices({"age": told}, "accuracy", "max", RIGHT)
    assert {row["value"]: row["samples"] for row in rows} == {
        "0 to 9.75": 10, "over 9.75 to 19.5": 10, "over 19.5 to 29.25": 10, "over 29.25 to 39": 10,
    }  # fmt: skip
    rows, _ = slices({"age": ["", *told[1:11], *[" "] * 9, *told[20:]]}, "accuracy", "max", RIGHT)
    assert {row["value"]: row["samples"] for row in rows}["(none)"] == 10


def test_few_different_numbers_are_values_of_their_own():
    rows, _ = slices({"grade": ["1", "2"] * 20}, "accuracy", "max", RIGHT)
    assert {row["value"] for row in rows} == {"1", "2"}


def test_each_column_has_its_own_best_slice():
    columns = {"site": ["a"] * 20 + ["b"] * 20, "day": ["x", "y"] * 20}
    rows, _ = slices(columns, "accuracy", "max", RIGHT)
    assert sorted(row["column"] for row in rows if row["gap"] == 0) == ["day", "site"]
    assert [row["accuracy"] for row in rows] == sorted(row["accuracy"] for row in rows)


def test_samples_without_a_value_have_no_part_in_the_slices():
    values = np.r_[RIGHT, np.nan, np.nan]
    rows, notes = slices({"site": ["north"] * 20 + ["south"] * 20 + ["west"] * 2}, "picture_iou", "max", values)
    assert [row["samples"] for row in rows] == [20, 20]
    assert notes == ["2 samples have no picture IoU and no part in the slices."]
