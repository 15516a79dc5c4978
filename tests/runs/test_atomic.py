import errno
import os
from pathlib import Path

import pytest

from kerascnn.errors import ResourceError, UsageError
from kerascnn.runs import atomic


class Disk:
    """A disk whose operation of a number fails; half of what was to be written then stands there."""

    def __init__(self, monkeypatch, failing):
        self.failing, self.done = failing, []
        really_open, fsync, replace, open_low = Path.open, os.fsync, os.replace, os.open

        def open_file(path, mode="r", *args, **kwargs):
            self.count(f"open {mode}")
            file = really_open(path, mode, *args, **kwargs)
            return File(self, file) if set(mode) & set("xwa") else file

        monkeypatch.setattr(Path, "open", open_file)
        monkeypatch.setattr(os, "fsync", lambda fd: (self.count("fsync"), fsync(fd)))
        monkeypatch.setattr(os, "replace", lambda a, b: (self.count("replace"), replace(a, b)))
        monkeypatch.setattr(os, "open", lambda *a, **k: (self.count("open folder"), open_low(*a, **k))[1])

    def count(self, what):
        self.done.append(what)
        if len(self.done) - 1 == self.failing:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class File:
    def __init__(self, disk, file):
        self.disk, self.file = disk, file

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.file.close()

    def __getattr__(self, name):
        return getattr(self.file, name)

    def write(self, data):
        try:
            self.disk.count("write")
        except OSError:
            self.file.write(data[: len(data) // 2])
            raise
        return self.file.write(data)


def operations(work):
    """Return the names of the disk operations that a piece of work makes."""
    with pytest.MonkeyPatch.context() as patch:
        disk = Disk(patch, -1)
        work()
    return disk.done


def test_a_write_opens_writes_flushes_renames_and_flushes_the_folder(tmp_path):
    done = operations(lambda: atomic.write_bytes(tmp_path / "a.json", b"new"))
    assert done == ["open xb", "write", "fsync", "open rb+", "fsync", "replace", "open folder", "fsync"]


@pytest.mark.parametrize("k", range(8))
def test_a_failing_write_leaves_the_old_or_the_new_file_whole(tmp_path, monkeypatch, k):
    path = tmp_path / "a.json"
    path.write_bytes(b"the old content")
    with monkeypatch.context() as patch:
        Disk(patch, k)
        with pytest.raises(ResourceError, match=r"cannot write .*a\.json: No space left on device") as caught:
            atomic.write_bytes(path, b"the new content, which is longer")
    assert caught.value.exit_code == 5
    renamed = k > 5
    assert path.read_bytes() == (b"the new content, which is longer" if renamed else b"the old content")
    assert os.listdir(tmp_path) == ["a.json"]


@pytest.mark.parametrize("k", range(8))
def test_a_failing_first_write_leaves_nothing_or_the_whole_file(tmp_path, monkeypatch, k):
    with monkeypatch.context() as patch:
        Disk(patch, k)
        with pytest.raises(ResourceError):
            atomic.write_json(tmp_path / "a.json", {"a": 1})
    assert os.listdir(tmp_path) == (["a.json"] if k > 5 else [])


def test_another_error_while_writing_passes_and_leaves_no_temporary_file(tmp_path):
    def write(part):
        part.write_bytes(b"half")
        raise KeyboardInterrupt

    (tmp_path / "model.keras").write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt):
        atomic.write_with(tmp_path / "model.keras", write)
    assert os.listdir(tmp_path) == ["model.keras"]
    assert (tmp_path / "model.keras").read_bytes() == b"old"


def test_the_temporary_file_has_the_ending_of_the_target(tmp_path):
    seen = []
    atomic.write_with(tmp_path / "model.keras", lambda part: (seen.append(part), part.write_bytes(b"x")))
    assert seen[0].suffix == ".keras"
    assert seen[0].parent == tmp_path
    assert seen[0].name.startswith(".")


def test_a_writer_that_writes_nothing_is_a_resource_error(tmp_path):
    with pytest.raises(ResourceError, match="cannot write"):
        atomic.write_with(tmp_path / "a", lambda part: None)


def test_a_folder_that_is_not_there_is_a_resource_error(tmp_path):
    with pytest.raises(ResourceError, match="No such file"):
        atomic.write_text(tmp_path / "gone" / "a", "x")
    with pytest.raises(ResourceError, match="No such file"):
        atomic.append_json_line(tmp_path / "gone" / "a", {})


def test_json_has_no_nan(tmp_path):
    for write in (atomic.write_json, atomic.append_json_line):
        with pytest.raises(ValueError, match="not JSON compliant"):
            write(tmp_path / "a", {"loss": float("nan")})
    assert os.listdir(tmp_path) == []


def test_file_names_of_other_bytes_than_utf8_come_back_from_json(tmp_path):
    name = os.fsdecode(b"caf\xe9-\xff.png") + "/日本/a\nb"
    atomic.write_json_lines(tmp_path / "lines", [{"id": name}, {"id": "b"}])
    atomic.append_json_line(tmp_path / "lines", {"id": name})
    assert atomic.read_json_lines(tmp_path / "lines") == [{"id": name}, {"id": "b"}, {"id": name}]
    atomic.write_text(tmp_path / "text", name)
    assert "日本" in (tmp_path / "text").read_text("utf-8")


def test_lines_that_were_added_come_back_in_order(tmp_path):
    path = tmp_path / "metrics.jsonl"
    assert atomic.read_json_lines(path) == []
    for epoch in range(1, 4):
        atomic.append_json_line(path, {"epoch": epoch})
    assert atomic.read_json_lines(path) == [{"epoch": 1}, {"epoch": 2}, {"epoch": 3}]


@pytest.mark.parametrize("torn", [b"{", b'{"epoch": 2', b'{"epoch": 2}', b"\x00" * 200_000, b"\xff\xfe"])
def test_a_torn_last_line_is_passed_over_and_replaced_by_the_next(tmp_path, torn):
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(b'{"epoch": 1}\n' + torn)
    assert atomic.read_json_lines(path) == [{"epoch": 1}]
    atomic.append_json_line(path, {"epoch": 2})
    assert path.read_bytes() == b'{"epoch": 1}\n{"epoch": 2}\n'


def test_a_file_that_is_one_torn_line_starts_anew(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(b'{"epo')
    assert atomic.read_json_lines(path) == []
    atomic.append_json_line(path, {"epoch": 1})
    assert atomic.read_json_lines(path) == [{"epoch": 1}]


@pytest.mark.parametrize("damage", [b'{"epo', b"\x00\x00\x00", b'{"a": "\xff"}', b"{} {}", b""])
def test_a_damaged_line_in_the_middle_is_an_error_that_names_it(tmp_path, damage):
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(b'{"epoch": 1}\n' + damage + b'\n{"epoch": 3}\n')
    with pytest.raises(UsageError, match=r"metrics\.jsonl:2: cannot be read"):
        atomic.read_json_lines(path)


@pytest.mark.parametrize("k", range(3))
def test_a_failing_append_keeps_the_lines_before_it(tmp_path, monkeypatch, k):
    path = tmp_path / "metrics.jsonl"
    atomic.append_json_line(path, {"epoch": 1})
    with monkeypatch.context() as patch:
        disk = Disk(patch, k)
        with pytest.raises(ResourceError, match="No space left"):
            atomic.append_json_line(path, {"epoch": 2})
    assert disk.done == ["open ab+", "write", "fsync"][: k + 1]
    expected = [{"epoch": 1}, {"epoch": 2}] if k == 2 else [{"epoch": 1}]
    assert atomic.read_json_lines(path) == expected
    atomic.append_json_line(path, {"epoch": 3})
    assert atomic.read_json_lines(path) == [*expected, {"epoch": 3}]
