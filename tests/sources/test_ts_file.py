import numpy as np
import pytest

from kerascnn.errors import DataError
from kerascnn.testing import check_source
from tests.helpers import make

HEAD = "# made by hand\n@problemName Made\n@univariate true\n@classLabel true b a\n@data\n"
PAIR = "@dimensions 2\n@equalLength true\n@seriesLength 3\n@classLabel true 1 2\n@data\n"


@pytest.fixture
def write(tmp_path):
    """Write one or two .ts files and return their source."""

    def write(text, test=None, **parameters):
        (tmp_path / "x.ts").write_text(text, "utf-8")
        if test is not None:
            (tmp_path / "test.ts").write_text(test, "utf-8")
            parameters["test_path"] = str(tmp_path / "test.ts")
        return make("source", "ts_file", path=str(tmp_path / "x.ts"), **parameters)

    return write


def refused(source):
    """Return the message and the culprits, without the folder."""
    with pytest.raises(DataError) as caught:
        source.scan()
    folder = source.path.rsplit("/", 1)[0] + "/"
    message = str(caught.value).splitlines()[0].replace(folder, "")
    return message, [(name.replace(folder, ""), why) for name, why in caught.value.files]


def test_each_line_is_a_series_before_its_label(write, tmp_path):
    source = write(HEAD + "1,2.5,-3e-1:a\n4,5,6 : b \n")
    scan = check_source(source)
    assert source.target == "class"
    assert [(s.id, s.label, s.split) for s in scan.samples] == [("000000", "a", None), ("000001", "b", None)]
    assert scan.samples[0].payload.dtype == np.float32
    assert scan.samples[0].payload.tolist() == [[1.0], [2.5], [np.float32(-0.3)]]
    assert scan.samples[1].origin == f"{tmp_path}/x.ts:7"
    assert list(scan.labels) == ["b", "a"], "the order of the header"


def test_colons_divide_channels(write):
    scan = check_source(write(PAIR + "1,2,3:4,5,6:1\n"))
    assert scan.samples[0].payload.tolist() == [[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]


def test_the_test_file_is_the_test_split(write):
    scan = check_source(write(HEAD + "1,2:a\n", HEAD + "3,4:b\n5,6:a\n"))
    assert [(s.id, s.split) for s in scan.samples] == [
        ("train/000000", "train"), ("test/000000", "test"), ("test/000001", "test"),
    ]  # fmt: skip
    assert list(scan.labels) == ["b", "a"]


def test_numbers_to_be_predicted_are_values(write):
    source = write("@univariate true\n@targetlabel true\n@data\n1,2:0.5\n3,4:-2\n", target_kind="value")
    scan = check_source(source)
    assert source.target == "values"
    assert [(s.target, s.label) for s in scan.samples] == [((0.5,), ""), ((-2.0,), "")]
    assert list(scan.labels) == ["value"]


def test_keys_of_the_header_may_be_written_in_any_case(write):
    assert len(write(HEAD.upper().replace(" B A", " b a") + "1,2:a\n").scan().samples) == 1


def test_missing_values_and_unequal_lengths_are_found(write):
    scan = check_source(write(HEAD + "1,?,3:a\nNaN,2:b\n"))
    assert np.isnan(scan.samples[0].payload[:, 0]).tolist() == [False, True, False]
    assert [(f.id, f.severity, f.samples) for f in scan.findings] == [
        ("missing-values", "warning", ("000000", "000001")),
        ("unequal-length", "note", ()),
    ]
    assert scan.findings[0].message == "2 values are missing in 2 of 2 series"


def test_the_kind_of_target_has_to_be_that_of_the_file(write):
    value = "@targetLabel true\n@data\n1,2:0.5\n"
    assert refused(write(value))[0] == (
        "x.ts: holds numbers to be predicted; say so with data.source.target_kind: value"
    )
    assert refused(write(HEAD + "1:a\n", target_kind="value"))[0] == (
        "x.ts: holds classes; say so with data.source.target_kind: class"
    )
    assert "has neither '@classLabel true ...' nor" in refused(write("@classLabel false\n@data\n1,2\n"))[0]


def test_every_line_at_fault_is_named(write):
    lines = ["1,2:3,4,5:1", "1,2,3:4,5:1", "1,2,3:1", "1,2:3,4:1", "1,x,3:4,5,6:1", "1,2,3:4,5,6:9", "no colon",
             "(0,1),(1,2):(0,1):1", "1,2,3:4,5,6:2"]  # fmt: skip
    message, culprits = refused(write(PAIR + "\n".join(lines) + "\n"))
    assert message == "8 lines of x.ts cannot be used"
    assert culprits == [
        ("x.ts:6", "has channels of different lengths, from 2 to 3"),
        ("x.ts:7", "has channels of different lengths, from 2 to 3"),
        ("x.ts:8", "has 1 channel; it should have 2"),
        ("x.ts:9", "has 2 values; the header says @seriesLength 3"),
        ("x.ts:10", "has 'x', which is no number (value 2 of channel 1)"),
        ("x.ts:11", "has the label '9', which the header does not name"),
        ("x.ts:12", "has no colon before a label"),
        ("x.ts:13", "has time stamps, which are not read; write the values alone"),
    ]


def test_a_line_of_other_channels_than_the_first_is_named(write):
    _, culprits = refused(write("@classLabel true a\n@data\n1,2:3,4:a\n1,2:a\n"))
    assert culprits == [("x.ts:4", "has 1 channel; it should have 2")]


@pytest.mark.parametrize("target", ["", "soon", "nan", "inf", "1_0"])
def test_a_target_that_is_no_number_is_named(write, target):
    _, culprits = refused(write(f"@targetlabel true\n@data\n1,2:3\n1,2:{target}\n", target_kind="value"))
    assert culprits == [("x.ts:4", f"has the target '{target}', which is no number")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "x.ts: has no line @data; it is no .ts file"),
        ("1,2:a\n", "x.ts:1: stands above @data and is no line of a header, which begins with @"),
        (HEAD, "x.ts: has no series below @data"),
        ("@timeStamps true\n" + HEAD + "1:a\n", "x.ts: has time stamps (@timeStamps true), which are not read"),
        ("@dimensions two\n@classLabel true a\n@data\n1:a\n", "x.ts: its header says @dimensions two"),
        ("@classLabel true\n@data\n1:a\n", "x.ts: its header names no class behind @classLabel true"),
    ],
)
def test_a_file_that_is_no_ts_file_is_refused(write, text, message):
    assert message in refused(write(text))[0]


def test_the_two_files_have_to_go_together(write):
    other = HEAD.replace("b a", "b c")
    assert refused(write(HEAD + "1,2:a\n", other + "3,4:c\n"))[0].startswith("test.ts: has the classes c, which ")
    wide = "@classLabel true a b\n@data\n"
    assert refused(write(wide + "1,2:a\n", wide + "1,2:3,4:b\n"))[0].startswith("test.ts: has 2 channels; ")
