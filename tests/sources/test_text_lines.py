import pytest

from kerascnn.errors import DataError
from kerascnn.testing import check_source
from tests.helpers import make


@pytest.fixture
def write(tmp_path):
    """Write files of lines, by the field that names each."""

    def write(path, *, encoding="auto", class_names=None, **others):
        fields = {}
        for field, content in {"path": path, **others}.items():
            file = tmp_path / f"{field}.txt"
            file.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
            fields[field] = str(file)
        return make("source", "text_lines", encoding=encoding, class_names=class_names, **fields)

    return write


def refused(source):
    with pytest.raises(DataError) as caught:
        source.scan()
    folder = source.path.rsplit("/", 1)[0] + "/"
    message = str(caught.value).splitlines()[0].replace(folder, "")
    return message, [(name.replace(folder, ""), why) for name, why in caught.value.files]


def test_each_line_is_a_text_behind_its_label(write, tmp_path):
    scan = check_source(write("1 a  fine film .\n0 dull\n\n1\tgood\n"))
    assert [(s.id, s.payload, s.label, s.split) for s in scan.samples] == [
        ("000001", "a  fine film .", "1", None),
        ("000002", "dull", "0", None),
        ("000004", "good", "1", None),
    ]
    assert scan.samples[2].origin == f"{tmp_path}/path.txt:4"
    assert list(scan.labels) == ["0", "1"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_on_any_system(write, end):
    assert [s.payload for s in write(f"0 a{end}1 b{end}").scan().samples] == ["a", "b"]


def test_only_ends_of_lines_end_a_text(write):
    scan = write("0 a\x85b\u2028c\x0cd\n1 e\n").scan()
    assert [s.payload for s in scan.samples] == ["a\x85b\u2028c\x0cd", "e"]


def test_each_split_has_its_file(write):
    scan = check_source(write("0 a\n1 b\n", validation_path="1 c\n", test_path="0 d\n"))
    assert [(s.id, s.payload, s.split) for s in scan.samples] == [
        ("train/000001", "a", "train"),
        ("train/000002", "b", "train"),
        ("validation/000001", "c", "validation"),
        ("test/000001", "d", "test"),
    ]


def test_a_test_file_alone_makes_the_rest_the_training_part(write):
    assert [s.split for s in write("0 a\n1 b\n", test_path="0 d\n").scan().samples] == ["train", "train", "test"]


def test_numbers_may_have_names(write):
    scan = check_source(write("1 a\n0 b\n", class_names=["bad", "good", "odd"]))
    assert [s.label for s in scan.samples] == ["good", "bad"]
    assert list(scan.labels) == ["bad", "good", "odd"]


def test_labels_may_be_words_and_are_in_order(write):
    assert list(write("LOC a\nNUM b\nABBR c\n").scan().labels) == ["ABBR", "LOC", "NUM"]
    assert list(write("10 a\n9 b\n-1 c\n").scan().labels) == ["-1", "9", "10"]


def test_a_line_without_text_stays_and_is_named(write):
    scan = check_source(write("0 a\n1\n1 \n"))
    assert [s.payload for s in scan.samples] == ["a", "", ""]
    assert [(f.id, f.severity, f.samples) for f in scan.findings] == [
        ("empty-text", "warning", ("000002", "000003")),
    ]


def test_a_latin_1_file_beside_a_utf_8_file_is_named(write):
    scan = write("0 café\n".encode("latin-1"), test_path="0 café\n")
    assert [s.payload for s in scan.scan().samples] == ["café", "café"]
    assert [(f.id, f.severity, f.samples) for f in scan.scan().findings] == [("text-encoding", "note", ("path.txt",))]


def test_every_line_at_fault_is_named(write):
    message, culprits = refused(write("0 a\n2 b\nx c\n -1 d\n", class_names=["bad", "good"], test_path="5 e\n"))
    assert message == "4 lines cannot be used"
    assert culprits == [
        ("path.txt:2", "has the label '2'; data.source.class_names names the classes 0 to 1"),
        ("path.txt:3", "has the label 'x'; data.source.class_names names the classes 0 to 1"),
        ("path.txt:4", "begins with a space; a label should stand there"),
        ("test_path.txt:1", "has the label '5'; data.source.class_names names the classes 0 to 1"),
    ]


@pytest.mark.parametrize(("content", "why"), [(b"", "is empty"), (b"\n \n", "is empty"), (b"0 a\0b\n", "zero bytes")])
def test_a_file_without_texts_is_refused(write, content, why):
    assert why in refused(write(content))[0]


def test_what_is_not_in_the_named_encoding_is_refused(write):
    message, _ = refused(write(b"0 a\n1 caf\xe9\n", encoding="utf-8"))
    assert message == "path.txt: is not utf-8 (line 2); name its encoding in data.source.encoding"


def test_a_missing_file_is_named_with_its_field(write):
    source = write("0 a\n").model_copy(update={"test_path": "/nowhere/test.txt"})
    with pytest.raises(DataError, match=r"data\.source\.test_path: there is no file /nowhere/test\.txt"):
        source.scan()
