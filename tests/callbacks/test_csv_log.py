"""figures.csv."""

import csv

from kerascnn.testing import check_callback
from tests.callbacks.told import follow, line, tell
from tests.helpers import make


def table(folder):
    with (folder / "figures.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_it_conforms(tmp_path):
    files = check_callback(make("callback", "csv_log"), tmp_path)
    assert tmp_path / "figures.csv" in files
    assert [row["epoch"] for row in table(tmp_path)] == ["1", "2", "3", "4", "5"]


def test_it_has_a_row_for_each_epoch_to_the_byte(tmp_path):
    tell(follow(tmp_path, "csv_log"), [line(1), line(2, 0.1 + 0.2)])
    assert (tmp_path / "figures.csv").read_text() == (
        "epoch,stage,loss,val_loss,learning_rate,kept\n"
        "1,0,1.0,2.0,0.1,True\n"
        "2,0,0.30000000000000004,0.6000000000000001,0.1,True\n"
    )


def test_a_figure_that_is_not_finite_is_an_empty_cell(tmp_path):
    tell(follow(tmp_path, "csv_log"), [{"epoch": 1, "loss": None}])
    assert table(tmp_path) == [{"epoch": "1", "loss": ""}]


def test_a_new_figure_gets_a_column_and_one_that_is_gone_stays_empty(tmp_path):
    tell(follow(tmp_path, "csv_log"), [{"epoch": 1, "a": 1}, {"epoch": 2, "b": 'x,"y'}, {"epoch": 3, "a": 3}])
    assert table(tmp_path) == [
        {"epoch": "1", "a": "1", "b": ""},
        {"epoch": "2", "a": "", "b": 'x,"y'},
        {"epoch": "3", "a": "3", "b": ""},
    ]


def test_resumed_it_is_that_of_a_training_that_nobody_stopped(tmp_path):
    lines = [line(epoch) for epoch in range(1, 6)]
    tell(follow(tmp_path / "whole", "csv_log"), lines)
    tell(follow(tmp_path / "killed", "csv_log"), lines[:4])
    file = tmp_path / "killed" / "figures.csv"
    file.write_bytes(file.read_bytes()[:-7])  # torn
    tell(follow(tmp_path / "killed", "csv_log"), lines[2:], behind=lines[:2])
    assert file.read_bytes() == (tmp_path / "whole" / "figures.csv").read_bytes()


def test_going_back_takes_rows_away(tmp_path):
    follower = tell(follow(tmp_path, "csv_log"), [line(1), line(2), line(3)])
    tell(follower, [line(2, 9.0)], behind=[line(1)])
    assert [row["loss"] for row in table(tmp_path)] == ["1.0", "9.0"]
