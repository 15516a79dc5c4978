"""histograms.jsonl."""

import numpy as np
import pytest

from kerascnn.callbacks.weight_histograms import histogram
from kerascnn.runs.atomic import read_json_lines
from kerascnn.testing import check_callback
from tests.callbacks.told import follow, line, tell
from tests.helpers import make


def test_it_conforms(tmp_path):
    check_callback(make("callback", "weight_histograms", every=2), tmp_path)
    assert [entry["epoch"] for entry in read_json_lines(tmp_path / "histograms.jsonl")] == [1, 3, 5]


def test_a_histogram_by_hand():
    found = histogram(np.array([[0, 1, 1], [2, 4, 4]], "float32"), 4)
    assert found == {"low": 0.0, "high": 4.0, "mean": 2.0, "sd": pytest.approx(np.sqrt(14 / 6)), "counts": [1, 2, 1, 2]}


@pytest.mark.parametrize(
    ("values", "low", "counts"),
    [
        ([3, 3, 3], 3.0, [3, 0]),
        ([np.nan, np.inf, -1], -1.0, [1, 0]),
        ([], 0.0, [0, 0]),
        ([1e30, np.nextafter(np.float64(1e30), 2e30)], 1e30, [2, 0]),
    ],
)
def test_weights_without_a_spread_are_in_the_first_bin(values, low, counts):
    found = histogram(np.array(values, "float64"), 2)
    assert (found["low"], found["counts"]) == (low, counts)


def test_no_number_is_lost():
    values = np.random.default_rng(0).standard_normal(1000).astype("float16")
    assert sum(histogram(values, 7)["counts"]) == 1000


def test_it_writes_a_line_for_each_epoch_that_is_due(tmp_path):
    tell(follow(tmp_path, "weight_histograms", every=3, bins=3), [line(epoch) for epoch in range(1, 8)])
    entries = read_json_lines(tmp_path / "histograms.jsonl")
    assert [entry["epoch"] for entry in entries] == [1, 4, 7]
    assert entries[1]["weights"]["dense/kernel"]["counts"] == [2, 2, 2]
    assert entries[1]["weights"]["dense/kernel"]["high"] == 20.0


def test_weights_are_not_fetched_where_none_are_due(tmp_path):
    follower = follow(tmp_path, "weight_histograms", every=2)
    follower.begin([])
    follower.end_epoch(line(2), lambda: pytest.fail("fetched"))


def test_resumed_it_is_that_of_a_training_that_nobody_stopped(tmp_path):
    lines = [line(epoch) for epoch in range(1, 6)]
    tell(follow(tmp_path / "whole", "weight_histograms"), lines)
    tell(follow(tmp_path / "killed", "weight_histograms"), lines[:4])
    file = tmp_path / "killed" / "histograms.jsonl"
    file.write_bytes(file.read_bytes()[:-9])
    tell(follow(tmp_path / "killed", "weight_histograms"), lines[2:], behind=lines[:2])
    assert file.read_bytes() == (tmp_path / "whole" / "histograms.jsonl").read_bytes()
