import pytest

from kerascnn.errors import DataError
from kerascnn.testing import check_source
from tests.helpers import make


@pytest.fixture
def write(tmp_path):
    """Write a table beside the sounds a.wav to c.wav."""
    for name in "abc":
        (tmp_path / f"{name}.wav").touch()

    def write(text, name="sounds.csv", **parameters):
        (tmp_path / name).write_text(text, "utf-8")
        return make("source", "audio_manifest", path=str(tmp_path / name), **parameters)

    return write


def refused(source):
    """Return the message and the culprits, without the folder."""
    with pytest.raises(DataError) as caught:
        source.scan()
    folder = source.path.rsplit("/", 1)[0] + "/"
    message = str(caught.value).splitlines()[0].replace(folder, "")
    return message, [(name.replace(folder, ""), why.replace(folder, "")) for name, why in caught.value.files]


def test_each_row_is_a_sound(write, tmp_path):
    source = write("path,label\nb.wav,10\na.wav,9\n")
    scan = check_source(source)
    assert source.gives == "audio"
    assert [(s.id, s.label, s.split, s.group) for s in scan.samples] == [
        ("b.wav", "10", None, None), ("a.wav", "9", None, None),
    ]  # fmt: skip
    assert scan.samples[1].payload == tmp_path / "a.wav"
    assert scan.samples[1].origin == f"{tmp_path}/sounds.csv:3"
    assert list(scan.labels) == ["9", "10"]


def test_splits_and_groups_are_read_from_their_columns(write):
    source = write(
        "file,what,part,who\na.wav,x,train,ann\nb.wav,y,VAL,bob\nc.wav,y,test,ann\n",
        path_column="file", label_column="what", split_column="part", group_column="who",
    )  # fmt: skip
    assert [(s.split, s.group) for s in check_source(source).samples] == [
        ("train", "ann"), ("validation", "bob"), ("test", "ann"),
    ]  # fmt: skip


def test_tables_may_be_divided_by_tabs_or_be_json_lines(write):
    assert write("path\tlabel\na.wav\tx\n", "s.tsv").scan().samples[0].label == "x"
    assert write('{"path": "a.wav", "label": 3}\n', "s.jsonl").scan().samples[0].label == "3"


def test_root_is_where_relative_paths_start(write, tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/x.wav").touch()
    assert write("path,label\nx.wav,a\n", root=str(tmp_path / "deep")).scan().samples[0].id == "x.wav"
    with pytest.raises(DataError, match=r"data\.source\.root: there is no folder"):
        write("path,label\nx.wav,a\n", root=str(tmp_path / "nowhere")).scan()


def test_every_row_at_fault_is_named(write, tmp_path):
    message, culprits = refused(
        write(f"path,label,part\na.wav,,train\n,x,train\nb.wav,x,dev\ngone.wav,x,train\nc.wav,x,train\n./c.wav,y,test\n"
              f"{'x' * 5000},x,test\nb.wav\n", split_column="part")
    )  # fmt: skip
    assert message == "7 rows of sounds.csv cannot be used"
    assert [name for name, _ in culprits] == [f"sounds.csv:{line}" for line in (2, 3, 4, 5, 7, 8, 9)]
    reasons = [why for _, why in culprits]
    assert reasons[:3] == [
        "has no label", "has no path", "has the split 'dev'; it should be train, validation or test",
    ]  # fmt: skip
    assert reasons[3].startswith("names gone.wav, which is not there")
    assert reasons[4] == "names ./c.wav a second time; the first is sounds.csv:6"
    assert reasons[6] == "has 1 value; the header names 3 columns"


def test_a_column_that_is_not_there_is_named(write):
    assert "there is no column 'label'; did you mean 'labels'?" in refused(write("path,labels\na.wav,x\n"))[0]
