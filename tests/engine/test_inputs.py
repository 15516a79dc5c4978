"""What a user names for prediction."""

import numpy as np
import pytest

from kerascnn.engine.inputs import input_files, read_inputs
from kerascnn.errors import DataError, UsageError


@pytest.fixture
def folder(tmp_path):
    for name in ("b/2.txt", "a/1.TXT", "x.wav", "y.png", "z.npy", "s.csv", ".hidden.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"1,2\n")
    return tmp_path


@pytest.mark.parametrize(
    ("medium", "names"),
    [
        ("text", ["a/1.TXT", "b/2.txt"]),
        ("audio", ["x.wav"]),
        ("series", ["s.csv", "z.npy"]),
        ("image", ["y.png", "z.npy"]),
    ],
)
def test_of_a_folder_the_files_of_the_medium_are_taken(folder, medium, names):
    assert [file.relative_to(folder).as_posix() for file in input_files([folder], medium)] == names


def test_a_file_that_is_named_is_taken_whatever_its_ending(folder):
    assert input_files([folder / "y.png", str(folder / "gone")], "text") == [folder / "y.png", folder / "gone"]


def test_nothing_named_and_a_folder_of_nothing_are_errors(tmp_path):
    with pytest.raises(UsageError, match=r"name at least one sound \(\.wav\) or folder"):
        input_files([], "audio")
    with pytest.raises(DataError, match=r"holds no text \(\.txt\)"):
        input_files([tmp_path], "text")


def test_a_text_is_what_is_in_its_file(tmp_path):
    (tmp_path / "a.txt").write_bytes("schön".encode("latin-1"))
    (tmp_path / "b.txt").write_bytes(b"\0\1\2")
    texts, kept, bad = read_inputs([tmp_path / "a.txt", tmp_path / "b.txt", tmp_path / "gone.txt"], "text")
    assert (texts, kept) == (["schön"], [tmp_path / "a.txt"])
    assert [name for name, _ in bad] == [str(tmp_path / "b.txt"), str(tmp_path / "gone.txt")]


def test_a_series_is_an_array_or_a_table_of_numbers(tmp_path):
    values = np.array([[1, 2], [3, np.nan], [5, 6]], "float32")
    np.save(tmp_path / "a.npy", values)
    (tmp_path / "b.csv").write_text("left,right\n1,2\n3,\n5,6\n")
    (tmp_path / "c.csv").write_text("1,2\n3,?\n5,6\n")
    arrays, kept, bad = read_inputs([tmp_path / name for name in ("a.npy", "b.csv", "c.csv")], "series")
    assert bad == []
    assert len(kept) == 3
    for array in arrays:
        np.testing.assert_array_equal(array, values)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.csv", b"1,2\n3\n", "every row should have the same number"),
        ("a.csv", b"", "every row should have the same number"),
        ("a.csv", b"1,2\n3,x\n", "is no table of numbers"),
        ("a.npy", b"no array", "cannot be read as NumPy's file"),
        ("a.npy", np.lib.format.magic(1, 0), "cannot be read as NumPy's file"),
    ],
)
def test_what_is_no_series_is_named_with_its_reason(tmp_path, name, content, reason):
    (tmp_path / name).write_bytes(content)
    arrays, kept, bad = read_inputs([tmp_path / name], "series")
    assert (arrays, kept) == ([], [])
    assert bad[0][0] == str(tmp_path / name)
    assert reason in bad[0][1]


def test_objects_are_never_unpickled(tmp_path):
    np.save(tmp_path / "a.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    _, _, bad = read_inputs([tmp_path / "a.npy"], "series")
    assert "cannot be read as NumPy's file" in bad[0][1]
