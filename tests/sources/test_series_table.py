import numpy as np
import pytest

from kerascnn.errors import DataError
from kerascnn.testing import check_source
from tests.helpers import make


@pytest.fixture
def write(tmp_path):
    """Write a table and return its source."""

    def write(text, name="set.csv", **parameters):
        (tmp_path / name).write_text(text, "utf-8")
        return make("source", "series_table", path=str(tmp_path / name), **parameters)

    return write


def refused(source):
    """Return the message and the culprits, without the folder."""
    with pytest.raises(DataError) as caught:
        source.scan()
    folder = source.path.rsplit("/", 1)[0] + "/"
    message = str(caught.value).splitlines()[0].replace(folder, "")
    return message, [(name.replace(folder, ""), why) for name, why in caught.value.files]


def values(sample):
    assert sample.payload.dtype == np.float32
    return sample.payload.tolist()


def test_a_row_of_a_wide_table_is_a_series_behind_its_label(write, tmp_path):
    source = write("class,t0,t1,t2\nb,1,2.5,-3e1\na, 4 ,5,6\n")
    scan = check_source(source)
    assert source.target == "class"
    assert [(s.id, s.label, values(s)) for s in scan.samples] == [
        ("000002", "b", [[1.0], [2.5], [-30.0]]),
        ("000003", "a", [[4.0], [5.0], [6.0]]),
    ]
    assert list(scan.labels) == ["a", "b"]
    assert scan.samples[0].origin == f"{tmp_path}/set.csv:2"
    assert list(scan.findings) == []


def test_the_columns_of_a_wide_table_may_be_named(write):
    source = write(
        "x1,who,x2,class,part,note\n1,ann,2,a,train,hot\n3,bob,4,b,test,cold\n",
        label_column="class", split_column="part", group_column="who", value_columns=["x2", "x1"],
    )  # fmt: skip
    assert [(values(s), s.label, s.split, s.group) for s in check_source(source).samples] == [
        ([[2.0], [1.0]], "a", "train", "ann"),
        ([[4.0], [3.0]], "b", "test", "bob"),
    ]


def test_a_table_without_header_numbers_its_columns(write):
    scan = check_source(write("1\t0.5\t0.6\n-1\t0.7\t0.8\n", "GunPoint_TRAIN.tsv", header=False))
    assert [s.label for s in scan.samples] == ["1", "-1"]
    assert np.allclose(scan.samples[1].payload[:, 0], [0.7, 0.8])
    assert list(scan.labels) == ["-1", "1"]
    assert write("0.5,0.6,x\n0.7,0.8,y\n", header=False, label_column="2").scan().samples[1].label == "y"


def test_missing_values_are_not_a_number_and_counted(write):
    scan = check_source(write("y,a,b,c\nu,,?,1\nv,1,2,3\nw,NaN, nan ,\n"))
    assert np.isnan(scan.samples[0].payload[:, 0]).tolist() == [True, True, False]
    finding = scan.findings[0]
    assert (finding.id, finding.severity, finding.samples) == ("missing-values", "warning", ("000002", "000004"))
    assert finding.message == "5 values are missing in 2 of 3 series"


def test_numbers_to_be_predicted_take_the_place_of_a_class(write):
    source = write("peak,mean,t0,t1\n3,0.5,1,2\n-1.5,1e2,3,4\n", target_columns=["peak", "mean"])
    scan = check_source(source)
    assert source.target == "values"
    assert list(scan.labels) == ["peak", "mean"]
    assert [(s.target, s.label, values(s)) for s in scan.samples] == [
        ((3.0, 0.5), "", [[1.0], [2.0]]),
        ((-1.5, 100.0), "", [[3.0], [4.0]]),
    ]


LONG = "id,time,x,y,label\nB,2,20,21,up\nA,1,1,2,down\nB,1,10,11,up\nA,10,5,6,down\nA,2,3,4,down\n"


def test_the_rows_of_a_long_table_are_the_moments_of_its_series(write):
    scan = check_source(write(LONG, layout="long"))
    assert [(s.id, s.label, values(s)) for s in scan.samples] == [
        ("B", "up", [[10.0, 11.0], [20.0, 21.0]]),
        ("A", "down", [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]),
    ]
    assert list(scan.labels) == ["down", "up"]


def test_unequal_lengths_are_a_note(write):
    finding = write(LONG, layout="long").scan().findings[0]
    assert (finding.id, finding.severity) == ("unequal-length", "note")
    assert finding.message == "the series have 2 different lengths, from 2 to 3"


def test_times_may_be_dates(write):
    text = "id,time,v,label\na,2024-03-01,3,x\na,2024-02-28,1,x\na,2024-02-29T12:00,2,x\n"
    assert values(write(text, layout="long").scan().samples[0]) == [[1.0], [2.0], [3.0]]


def test_without_times_the_order_is_that_of_the_rows(write):
    source = write("run,v,kind\n7,3,x\n8,0,y\n7,1,x\n", layout="long", id_column="run", time_column=None,
                   label_column="kind")  # fmt: skip
    assert [(s.id, values(s)) for s in source.scan().samples] == [("7", [[3.0], [1.0]]), ("8", [[0.0]])]


def test_a_long_table_may_have_splits_groups_and_targets(write):
    source = write(
        "id,time,v,load,part,who\n1,0,5,0.5,train,ann\n1,1,6,0.5,train,ann\n2,0,7,0.25,valid,bob\n",
        layout="long", target_columns=["load"], split_column="part", group_column="who",
    )  # fmt: skip
    assert [(s.target, s.split, s.group, values(s)) for s in check_source(source).samples] == [
        ((0.5,), "train", "ann", [[5.0], [6.0]]),
        ((0.25,), "validation", "bob", [[7.0]]),
    ]


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("abc", "has 'abc', which is no number, in the column 't1'"),
        ("1_000", "has '1_000', which is no number, in the column 't1'"),
        ('"0,5"', "has '0,5', which is no number, in the column 't1'"),
        ("inf", "has 'inf', which is too large or infinite, in the column 't1'"),
        ("1e39", "has '1e39', which is too large or infinite, in the column 't1'"),
    ],
)
def test_a_value_that_is_no_number_is_named(write, cell, why):
    assert refused(write(f"y,t0,t1\na,1,2\nb,3,{cell}\n"))[1] == [("set.csv:3", why)]


def test_every_row_at_fault_is_named(write):
    message, culprits = refused(
        write("y,t0,t1,part\n,1,2,train\nb,3,4,dev\nc,5,train\nd,x,y,test\n", split_column="part")
    )
    assert message == "4 rows of set.csv cannot be used"
    assert culprits == [
        ("set.csv:2", "has no label"),
        ("set.csv:3", "has the split 'dev'; it should be train, validation or test"),
        ("set.csv:4", "has 3 values; the header names 4 columns"),
        ("set.csv:5", "has 'x', which is no number, in the column 't0'"),
    ]


@pytest.mark.parametrize(
    ("rows", "line", "why"),
    [
        ("a,1,5,x\na,1,6,x", 3, "has the time 1, as has line 2; a series has it once"),
        ("a,1,5,x\na,2,6,y", 3, "has 'y' in the column 'label'; line 2 says 'x'"),
        ("a,1,5,x\n,2,6,x", 3, "has nothing in the column 'id'"),
        ("a,1,5,x\na,soon,6,x", 2, "has the time '1', which is no number and no date"),
        ("a,2024-01-01,5,x\na,soon,6,x", 3, "has the time 'soon', which is no number and no date"),
        ("a,1,5,x\na,nan,6,x", 3, "has the time 'nan', which is no number and no date"),
        (
            "a,2024-01-01,5,x\na,2024-01-02T00:00+00:00,6,x",
            3,
            "has the time '2024-01-02T00:00+00:00'; some dates of the series name a zone, some do not",
        ),
        ("a,1,5,\na,2,6,", 2, "has no label"),
    ],
)
def test_a_row_that_does_not_fit_its_series_is_named(write, rows, line, why):
    assert refused(write(f"id,time,v,label\n{rows}\n", layout="long"))[1] == [(f"set.csv:{line}", why)]


def test_a_target_that_is_missing_is_named(write):
    assert refused(write("y,t0\n1,2\n?,3\n", target_columns=["y"]))[1] == [
        ("set.csv:3", "lacks a number to be predicted"),
    ]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"label_column": "y", "target_columns": ["t0"]}, "label_column and target_columns do not go together"),
        ({"label_column": "z"}, "set.csv:1: there is no column 'z' (there are: y, t0, t1)"),
        ({"split_column": "y"}, "data.source: the column 'y' is named for two things"),
        ({"value_columns": ["t0", "t0"]}, "data.source: the column 't0' is named for two things"),
        ({"split_column": "t0", "group_column": "t1"}, "set.csv: has no column for the values beside y, t0, t1"),
        ({"layout": "long"}, "set.csv:1: there is no column 'id'"),
    ],
)
def test_columns_that_do_not_fit_are_an_error(write, parameters, message):
    assert message in refused(write("y,t0,t1\na,1,2\n", **parameters))[0]
