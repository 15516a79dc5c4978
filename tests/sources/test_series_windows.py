import numpy as np
import pytest

from kerascnn.errors import DataError
from kerascnn.testing import check_source
from tests.helpers import make


@pytest.fixture
def write(tmp_path):
    """Write a table and return its source, by default of windows of 3 steps."""

    def write(text, **parameters):
        (tmp_path / "load.csv").write_text(text, "utf-8")
        return make("source", "series_windows", path=str(tmp_path / "load.csv"), **{"window": 3, **parameters})

    return write


def counting(count, columns=("load",), start=0):
    """Return a table whose first column is 0, 1, 2, ..., the next ones 100, 200, ... more."""
    rows = [",".join([str(start + i), *(str(i + 100 * k) for k in range(len(columns)))]) for i in range(count)]
    return "\n".join([",".join(["time", *columns]), *rows])


def refused(source):
    with pytest.raises(DataError) as caught:
        source.scan()
    return str(caught.value)


def test_a_window_is_answered_by_what_follows_it(write):
    scan = check_source(write(counting(40), horizon=2))
    first = scan.samples[0]
    assert (first.id, first.split, first.time) == ("0000003", "train", "3.0")
    assert first.payload.tolist() == [[0.0], [1.0], [2.0]]
    # What follows, the last value twice, and by how much the series changes from step to step.
    assert first.target == (3, 4, 2, 2, 1, 1)
    assert list(scan.labels) == ["load+1", "load+2"]


def test_a_part_has_no_moment_of_another(write):
    scan = check_source(write(counting(40), horizon=2, validation=0.2, test=0.25))
    moments = {"train": set(), "validation": set(), "test": set()}
    for sample in scan.samples:
        moments[sample.split] |= {*sample.payload[:, 0].tolist(), *sample.target[:2]}
    assert moments["train"] == set(range(22))
    assert moments["validation"] == set(range(22, 30))
    assert moments["test"] == set(range(30, 40))
    # Of 36 windows the four that reach over each of the two borders are left out.
    assert len(scan.samples) == 36 - 2 * 4


def test_with_a_season_the_naive_forecast_is_what_was_a_season_ago(write):
    scan = write(counting(60), window=5, horizon=4, season=3).scan()
    # At 5, 6, 7 and 8 the values of 2, 3, 4 and, the season being 3, of 2 again.
    assert scan.samples[0].target == (5, 6, 7, 8, 2, 3, 4, 2, 3, 3, 3, 3)


def test_the_scale_is_of_the_training_part_alone(write):
    rows = [f"{i},{i if i < 28 else i * 1000}" for i in range(40)]
    scan = write("\n".join(["time,load", *rows])).scan()
    assert {sample.target[-1] for sample in scan.samples} == {1.0}


def test_several_columns_are_seen_and_the_first_of_them_forecast(write):
    text = counting(40, ("a", "b", "c"))
    scan = check_source(write(text, horizon=2, target_columns=["a", "b"]))
    assert scan.samples[0].payload.shape == (3, 3)
    assert list(scan.labels) == ["a+1", "b+1", "a+2", "b+2"]
    assert scan.samples[0].target[:8] == (3, 103, 4, 104, 2, 102, 2, 102)
    chosen = write(text, value_columns=["c", "a"], target_columns=["c"]).scan()
    assert chosen.samples[0].payload[0].tolist() == [200, 0]


def test_columns_to_be_forecast_come_first(write):
    said = refused(write(counting(40, ("a", "b")), target_columns=["b"]))
    assert "target_columns names b, but the value columns begin with a; name them in data.source.value_columns" in said


def test_several_series_share_the_borders_in_time(write):
    def rows(name, start, count):
        return [f"{name},{start + i},{start + i}" for i in range(count)]

    text = "\n".join(["who,time,load", *rows("a", 0, 40), *rows("late", 20, 20)])
    scan = check_source(write(text, id_column="who"))
    latest = {
        split: max(max(s.payload.max(), s.target[0]) for s in scan.samples if s.split == split)
        for split in ("train", "validation", "test")
    }
    assert latest == {"train": 27, "validation": 33, "test": 39}
    assert {sample.id.split("/")[0] for sample in scan.samples} == {"a", "late"}


def test_rows_are_put_in_order_and_dates_are_times(write):
    days = [f"2024-01-{day:02d},{day}" for day in range(1, 32)]
    scan = check_source(write("\n".join(["time,load", *reversed(days)])))
    assert scan.samples[0].payload.ravel().tolist() == [1, 2, 3]
    assert scan.samples[0].time == "2024-01-04 00:00:00"
    assert list(scan.findings) == []


def test_rows_without_a_time_are_in_order(write):
    text = "\n".join(["load", *map(str, range(40))])
    assert write(text, time_column=None).scan().samples[1].payload.ravel().tolist() == [1, 2, 3]


def test_a_gap_in_time_is_said(write):
    text = counting(30) + "\n" + counting(30, start=50).split("\n", 1)[1]
    (finding,) = write(text).scan().findings
    assert (finding.id, finding.severity, finding.samples) == ("uneven-steps", "warning", ("0000030",))


def test_windows_with_a_missing_value_are_left_out_and_counted(write):
    text = counting(40).replace("\n10,10\n", "\n10,\n")
    scan = check_source(write(text))
    assert not any(np.isnan(sample.payload).any() or np.isnan(sample.target).any() for sample in scan.samples)
    assert scan.notes == ["4 windows with a missing value left out"]


def test_a_stride_leaves_windows_out(write):
    assert [sample.id for sample in write(counting(40), stride=5).scan().samples][:3] == [
        "0000003",
        "0000008",
        "0000013",
    ]


def test_a_part_without_a_window_is_refused(write):
    said = refused(write(counting(40), window=8))
    assert "no window of 8 steps and the 1 to be forecast lies within the validation split" in said
    assert "the longest series has 40 steps" in said


@pytest.mark.parametrize(
    ("text", "fields", "said"),
    [
        (counting(40), {"season": 4}, "data.source.season is 4, but a window has 3 steps only"),
        (counting(40), {"value_columns": ["load", "load"]}, "names a column twice: load, load"),
        (counting(40), {"id_column": "who"}, "there is no column 'who'"),
        ("time\n1\n2", {}, "has no column for the values beside time"),
        (counting(40) + "\n39,1", {}, "has the time 39, as has line 41; a series has it once"),
        (counting(40) + "\nnoon,1", {}, "has the time '0', which is no number and no date"),
        (counting(40) + "\n41,much", {}, "has 'much', which is no number, in the column 'load'"),
        ("who,time,load\na,1,1\na,2,1\nb,2024-01-01,1", {"id_column": "who"}, "has numbers in the column 'time' and"),
        ("who,time,load\n,1,1", {"id_column": "who"}, "has nothing in the column 'who'"),
    ],
)
def test_what_is_wrong_is_said(write, text, fields, said):
    assert said in refused(write(text, **fields))


def test_dates_with_and_without_a_zone_are_refused(write):
    text = "who,time,load\na,2024-01-01,1\na,2024-01-02,1\nb,2024-01-01T00:00+00:00,1"
    assert "some dates in 'time' name a zone, some do not" in refused(write(text, id_column="who"))
