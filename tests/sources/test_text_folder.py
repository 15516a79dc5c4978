import os

import pytest

from kerascnn.errors import DataError
from kerascnn.testing import check_source
from tests.helpers import make


@pytest.fixture
def put(tmp_path):
    """Write files by their name and content."""

    def put(files, **parameters):
        for name, content in files.items():
            file = tmp_path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return make("source", "text_folder", path=str(tmp_path), **parameters)

    return put


def refused(source):
    with pytest.raises(DataError) as caught:
        source.scan()
    return str(caught.value).splitlines()[0], [(os.path.basename(name), why) for name, why in caught.value.files]


def test_each_file_is_a_text_and_each_folder_a_class(put):
    scan = check_source(put({"praise/b.txt": "fine\nfilm\n", "blame/a.TXT": "dull", "blame/more/c.txt": "bad"}))
    assert [(s.id, s.payload, s.label, s.split) for s in scan.samples] == [
        ("blame/a.TXT", "dull", "blame", None),
        ("blame/more/c.txt", "bad", "blame", None),
        ("praise/b.txt", "fine\nfilm\n", "praise", None),
    ]
    assert list(scan.labels) == ["blame", "praise"]
    assert list(scan.findings) == []


def test_train_and_test_folders_are_splits(put):
    scan = check_source(put({"train/a/1.txt": "x", "train/b/2.txt": "y", "test/a/3.txt": "z", "val/b/4.txt": "w"}))
    assert {s.id: s.split for s in scan.samples} == {
        "train/a/1.txt": "train", "train/b/2.txt": "train", "test/a/3.txt": "test", "val/b/4.txt": "validation",
    }  # fmt: skip


def test_other_files_are_counted(put):
    scan = put({"a/1.txt": "x", "b/2.txt": "y", "b/3.html": "<p>", "c.txt": "loose"}).scan()
    assert scan.notes[0] == "1 file ending in .html left out: by the ending no text"
    assert "1 file in no class folder left out" in scan.notes[1]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"caf\xc3\xa9", "café"),
        (b"\xef\xbb\xbfcaf\xc3\xa9", "café"),
        ("café".encode("utf-16"), "café"),
        (b"\xfe\xff" + "café".encode("utf-16-be"), "café"),
        (b"caf\xe9", "café"),
        ("ひらがな".encode(), "ひらがな"),
    ],
)
def test_the_encoding_is_found_out(put, content, text):
    scan = put({"a/1.txt": content, "b/2.txt": "plain"}).scan()
    assert scan.samples[0].payload == text
    assert [f.id for f in scan.findings] == (["text-encoding"] if content == b"caf\xe9" else [])


def test_a_file_that_is_taken_for_latin_1_is_named(put):
    finding = put({"a/1.txt": b"caf\xe9", "b/2.txt": "plain"}).scan().findings[0]
    assert (finding.id, finding.severity, finding.samples) == ("text-encoding", "note", ("a/1.txt",))
    assert finding.message.startswith("1 file is not UTF-8 and taken for latin-1")


@pytest.mark.parametrize(
    ("encoding", "content", "text"),
    [
        ("cp1252", b"\x93quote\x94", "“quote”"),
        ("utf-16-le", "hi".encode("utf-16-le"), "hi"),
        ("utf-16", "hi".encode("utf-16"), "hi"),
        ("utf-8", b"\xef\xbb\xbfhi", "hi"),
        ("LATIN-1", b"\xe9", "é"),
    ],
)
def test_an_encoding_may_be_named(put, encoding, content, text):
    scan = put({"a/1.txt": content}, encoding=encoding).scan()
    assert scan.samples[0].payload == text
    assert list(scan.findings) == []


def test_what_is_not_in_the_named_encoding_is_refused(put):
    message, culprits = refused(put({"a/1.txt": b"ok\ncaf\xe9", "a/2.txt": "fine"}, encoding="utf-8"))
    assert message.startswith("1 file of ")
    assert culprits == [("1.txt", "is not utf-8 (line 2); name its encoding in data.source.encoding")]


@pytest.mark.parametrize("encoding", ["utf-9", "rot13", "hex", "", "a\0b", "undefined"])
def test_an_encoding_that_is_none_is_refused_by_the_spec(put, encoding):
    with pytest.raises(ValueError, match="encoding"):
        put({}, encoding=encoding)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"a\0b", "holds zero bytes (line 1)"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "holds zero bytes"),
        ("hi there".encode("utf-16-le"), "text in UTF-16 without its mark needs data.source.encoding"),
        (bytes(range(1, 256)) * 4, "control characters in 1020; it seems to be no text"),
        (b"\xff\xfea", "is not utf-16"),
    ],
)
def test_what_is_no_text_is_refused(put, content, why):
    _, culprits = refused(put({"a/1.txt": content, "b/2.txt": "plain"}))
    assert culprits[0][0] == "1.txt"
    assert why in culprits[0][1]


def test_every_file_at_fault_is_named(put):
    message, culprits = refused(put({"a/1.txt": b"\0", "b/2.txt": b"\0", "b/3.txt": "fine"}))
    assert message.startswith("2 files of ")
    assert [name for name, _ in culprits] == ["1.txt", "2.txt"]


def test_empty_texts_stay_and_are_named(put):
    scan = check_source(put({"a/1.txt": "", "a/2.txt": " \n", "b/3.txt": "x"}))
    assert len(scan.samples) == 3
    finding = scan.findings[0]
    assert (finding.id, finding.severity, finding.samples) == ("empty-text", "warning", ("a/1.txt", "a/2.txt"))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_refused_and_not_waited_for(put, tmp_path):
    source = put({"a/1.txt": "x"})
    os.mkfifo(tmp_path / "a/2.txt")
    assert refused(source)[1] == [("2.txt", "is not a regular file")]


def test_a_link_is_refused(put, tmp_path):
    source = put({"a/1.txt": "x"})
    (tmp_path / "a/2.txt").symlink_to(tmp_path / "a/1.txt")
    with pytest.raises(DataError, match="1 symbolic link"):
        source.scan()


def test_a_folder_without_folders_is_told_what_to_do(put):
    with pytest.raises(DataError, match="put the texts of each class in a folder of its name"):
        put({"1.txt": "x"}).scan()
