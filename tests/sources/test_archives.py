"""Archives: what is unpacked, where, and what is refused."""

import io
import os
import stat
import struct
import sys
import zipfile
from multiprocessing import get_context

import pytest

from kerascnn.errors import DataError, ResourceError
from kerascnn.sources import archives
from kerascnn.sources.archives import unpacked
from kerascnn.sources.files import place
from kerascnn.testing import check_source
from tests.helpers import make

LINK = (stat.S_IFLNK | 0o777) << 16


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """Let the cache be a folder of the test's own."""
    monkeypatch.setenv("KERASCNN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "unpacked"


def packed(path, entries, compression=zipfile.ZIP_DEFLATED):
    """Write an archive of names (or ZipInfo) and bytes."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return path


def entry(name, mode=0, system=3):
    info = zipfile.ZipInfo(name)
    info.external_attr, info.create_system = mode, system
    return info


def refused(path, cache):
    """Return the message and the culprits; nothing is left in the cache."""
    with pytest.raises(DataError) as caught:
        unpacked(path, "data.source.path")
    assert not cache.exists() or not list(cache.iterdir()), "something was left behind"
    message = str(caught.value).splitlines()[0]
    assert message.startswith(f"data.source.path: {path}")
    return message, list(caught.value.files)


def test_contents_are_unpacked_once_under_their_hash(tmp_path, cache):
    path = packed(tmp_path / "set.zip", [("cat/1.jpg", b"one"), ("dog/", b""), ("dog/2.jpg", b"two")])
    folder = unpacked(path, "f")
    assert folder.parent == cache
    assert len(folder.name) == 64
    assert (folder / "dog/2.jpg").read_bytes() == b"two"
    before = (folder / "cat/1.jpg").stat().st_mtime_ns
    copy = tmp_path / "copy.zip"
    copy.write_bytes(path.read_bytes())
    assert unpacked(copy, "f") == folder, "equal bytes, one folder"
    assert (folder / "cat/1.jpg").stat().st_mtime_ns == before
    assert list(cache.iterdir()) == [folder], "no temporary folder is left"


def test_a_changed_archive_is_another(tmp_path):
    first = unpacked(packed(tmp_path / "set.zip", [("a/1.txt", b"1"), ("b/1.txt", b"1")]), "f")
    second = unpacked(packed(tmp_path / "set.zip", [("a/1.txt", b"22"), ("b/1.txt", b"1")]), "f")
    assert first != second
    assert (second / "a/1.txt").read_bytes() == b"22"


def test_a_single_folder_at_the_top_is_entered_and_junk_left_out(tmp_path):
    entries = [
        ("set/cat/1.jpg", b"1"), ("set/cat/.DS_Store", b"x"), ("__MACOSX/set/cat/._1.jpg", b"x"),
        ("set/Thumbs.db", b"x"), ("./set/dog/2.jpg", b"2"),
    ]  # fmt: skip
    folder = unpacked(packed(tmp_path / "set.zip", entries), "f")
    assert folder.name == "set"
    names = sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())
    assert names == ["cat/1.jpg", "dog/2.jpg"]


def test_a_path_may_lead_into_an_archive(tmp_path):
    path = packed(tmp_path / "set.zip", [("images/1.jpg", b"1"), ("masks/1.png", b"2"), ("t.csv", b"3")])
    assert (place(f"{path}/images", "f", folder=True) / "1.jpg").read_bytes() == b"1"
    assert place(f"{path}/t.csv", "f", folder=False).read_bytes() == b"3"
    with pytest.raises(DataError, match=r"there is no folder .*set\.zip/gone"):
        place(f"{path}/gone", "f", folder=True)
    with pytest.raises(DataError, match=r"is not a folder and no \.zip"):
        place(str(place(f"{path}/t.csv", "f", folder=False)), "f", folder=True)


def test_an_archive_of_class_folders_is_a_source(tmp_path):
    packed(tmp_path / "set.zip", [("set/cat/1.jpg", b"1"), ("set/dog/2.jpg", b"2")])
    scan = check_source(make("source", "image_folder", path=str(tmp_path / "set.zip")))
    assert [(sample.id, sample.label) for sample in scan.samples] == [("cat/1.jpg", "cat"), ("dog/2.jpg", "dog")]


@pytest.mark.parametrize(
    ("name", "mode", "said"),
    [
        ("/etc/x", 0, "absolute"),
        ("//server/x", 0, "absolute"),
        ("C:/x", 0, "absolute"),
        ("c:x", 0, "absolute"),
        ("../x", 0, "leads out of the archive"),
        ("a/../../x", 0, "leads out of the archive"),
        ("a/..", 0, "leads out of the archive"),
        ("..\\x", 0, "backslash"),
        ("C:\\x", 0, "backslash"),
        ("__MACOSX/../../x", 0, "leads out of the archive"),
        ("link", LINK, "symbolic link"),
        ("pipe", (stat.S_IFIFO | 0o644) << 16, "neither a file nor a folder"),
        ("device", (stat.S_IFCHR | 0o644) << 16, "neither a file nor a folder"),
        ("socket", (stat.S_IFSOCK | 0o644) << 16, "neither a file nor a folder"),
        ("folder", (stat.S_IFDIR | 0o755) << 16, "neither a file nor a folder"),
        (".", 0, "has no name"),
        ("ä" * 126 + ".jpg", 0, "more than 255 bytes"),
        ("/".join(["folder"] * 200), 0, "more than 1000"),
    ],
)
def test_entries_that_lead_elsewhere_are_refused(tmp_path, cache, name, mode, said):
    path = packed(tmp_path / "set.zip", [("good.jpg", b"1"), (entry(name, mode), b"/etc/passwd")])
    message, wrong = refused(path, cache)
    assert "1 entry of it cannot be unpacked" in message
    assert [culprit for culprit, _ in wrong] == [name]
    assert said in wrong[0][1]


def test_a_name_with_a_nul_is_refused(tmp_path, cache):
    path = packed(tmp_path / "set.zip", [("good.jpgX.sh", b"1")])
    path.write_bytes(path.read_bytes().replace(b"good.jpgX.sh", b"good.jpg\0.sh"))
    assert "NUL" in refused(path, cache)[1][0][1]


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["a.jpg", "A.JPG"], "differs from a.jpg in capitals alone"),
        (["cat/1.jpg", "Cat/2.jpg"], "differs from cat in capitals alone"),
        (["ä.jpg", "a\u0308.jpg"], "differs from ä.jpg in capitals alone"),
        (["a", "a/b"], "makes a both a file and a folder"),
        (["a/b", "a"], "makes a both a file and a folder"),
        (["a/b.jpg", "./a//b.jpg"], "is there twice"),
    ],
)
def test_names_that_clash_are_refused(tmp_path, cache, names, said):
    _, wrong = refused(packed(tmp_path / "set.zip", [(name, b"1") for name in names]), cache)
    assert wrong == [(names[1], said)]


def test_all_culprits_are_named(tmp_path, cache):
    path = packed(tmp_path / "set.zip", [("../a", b""), ("/b", b""), (entry("c", LINK), b"d"), ("good", b"")])
    assert [name for name, _ in refused(path, cache)[1]] == ["../a", "/b", "c"]


def patched(path, at, offset, value):
    """Overwrite bytes after the last place where a mark stands."""
    data = bytearray(path.read_bytes())
    start = data.rfind(at) + offset
    data[start : start + len(value)] = value
    path.write_bytes(data)
    return path


def test_encrypted_and_oddly_packed_entries_are_refused(tmp_path, cache):
    path = packed(tmp_path / "set.zip", [("a.jpg", b"1")])
    assert "encrypted" in refused(patched(path, b"PK\1\2", 8, b"\1\0"), cache)[1][0][1]
    path = packed(tmp_path / "lzma.zip", [("a.jpg", b"1" * 100)], zipfile.ZIP_LZMA)
    assert refused(path, cache)[1] == [("a.jpg", "is packed by method 14; stored and deflated entries can be read")]


@pytest.mark.parametrize(("size", "said"), [(10, "is damaged"), (2_000, "holds fewer bytes than it says")])
def test_declared_sizes_are_not_believed(tmp_path, cache, size, said):
    path = packed(tmp_path / "set.zip", [("a.txt", b"x" * 1_000)])
    assert said in refused(patched(path, b"PK\1\2", 24, struct.pack("<L", size)), cache)[1][0][1]


def test_bombs_are_refused_before_anything_is_unpacked(tmp_path, cache, monkeypatch):
    monkeypatch.setattr(archives, "FREE", 100_000)
    path = packed(tmp_path / "set.zip", [("a.bin", b"\0" * 1_000_000), ("b.txt", b"1")])
    message, wrong = refused(path, cache)
    assert "the limit is 200 times as many" in message
    assert wrong == [("a.bin", "would be 1000000 bytes")]
    monkeypatch.setattr(archives, "MAX_TOTAL", 999_999)
    assert "its files hold 1000001 bytes; the limit is 999999" in refused(path, cache)[0]


def test_small_archives_may_be_packed_tightly(tmp_path):
    path = packed(tmp_path / "set.zip", [("a.bin", b"\0" * 1_000_000), ("b.txt", b"1")])
    assert (unpacked(path, "f") / "a.bin").stat().st_size == 1_000_000


def test_too_many_entries_are_refused_by_their_list_alone(tmp_path, cache, monkeypatch):
    path = packed(tmp_path / "set.zip", [(f"{i}.txt", b"") for i in range(11)])
    monkeypatch.setattr(archives, "MAX_ENTRIES", 10)
    # What the archive says of itself does not count.
    assert "holds more than 10 entries" in refused(patched(path, b"PK\5\6", 8, b"\1\0\1\0"), cache)[0]
    monkeypatch.setattr(archives, "MAX_ENTRIES", 11)
    monkeypatch.setattr(archives, "_MAX_DIRECTORY", 100)
    assert "its list of entries has" in refused(path, cache)[0]


def test_what_is_no_archive_is_refused(tmp_path, cache):
    good = packed(tmp_path / "good.zip", [("a.jpg", os.urandom(500)), ("b.jpg", b"1")]).read_bytes()
    middle = bytearray(good)
    middle[100] ^= 255
    for i, data in enumerate([b"", b"no archive", good[:-30], good[:100], good[200:], b"PK\5\6" + bytes(18), middle]):
        path = tmp_path / f"{i}.zip"
        path.write_bytes(data)
        refused(path, cache)


def test_random_damage_never_gives_anything_but_an_error_that_says_so(tmp_path):
    import random

    rng = random.Random(0)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for i in range(4):
            archive.writestr(f"d{i}/é{i}.txt", b"text %d " % i * 30)
    for i in range(300):
        data = bytearray(buffer.getvalue())
        for _ in range(rng.randint(1, 3)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        path = tmp_path / f"{i}.zip"
        path.write_bytes(data)
        try:
            folder = unpacked(path, "f")
        except DataError:
            continue
        assert folder.is_relative_to(tmp_path / "cache")


def test_an_archive_of_nothing_is_refused(tmp_path, cache):
    assert "holds no files" in refused(packed(tmp_path / "set.zip", [("empty/", b""), (".hidden", b"1")]), cache)[0]


def test_an_archive_that_does_not_fit_is_a_matter_of_resources(tmp_path, monkeypatch):
    path = packed(tmp_path / "set.zip", [("a.jpg", b"123")])
    monkeypatch.setattr(
        archives.shutil, "disk_usage", lambda _: os.terminal_size((0, 0)) and type("U", (), {"free": 2})
    )
    with pytest.raises(ResourceError, match=r"holds 3 bytes; .* has room for 2"):
        unpacked(path, "f")
    (tmp_path / "file").touch()
    monkeypatch.setenv("KERASCNN_CACHE", str(tmp_path / "file"))
    with pytest.raises(ResourceError, match="cannot unpack"):
        unpacked(path, "f")


def test_what_a_killed_process_left_is_removed_after_a_day(tmp_path, cache):
    for name, age in ((".old.tmp", 2 * 86_400), (".new.tmp", 60)):
        (cache / name).mkdir(parents=True)
        seconds = (cache / name).stat().st_mtime - age
        os.utime(cache / name, (seconds, seconds))
    unpacked(packed(tmp_path / "set.zip", [("a.jpg", b"1")]), "f")
    assert not (cache / ".old.tmp").exists()
    assert (cache / ".new.tmp").exists()


def _unpack(path, barrier, results):
    barrier.wait()
    results.put(str(unpacked(path, "f")))


@pytest.mark.skipif(sys.platform == "win32", reason="processes are forked")
def test_several_processes_at_once_do_no_harm(tmp_path, cache):
    path = packed(tmp_path / "set.zip", [(f"{i}.txt", b"%d" % i * 1_000) for i in range(300)])
    context = get_context("fork")
    barrier, results = context.Barrier(4), context.Queue()
    processes = [context.Process(target=_unpack, args=(path, barrier, results)) for _ in range(4)]
    for process in processes:
        process.start()
    folders = {results.get(timeout=60) for _ in processes}
    for process in processes:
        process.join()
    assert folders == {str(unpacked(path, "f"))}
    assert len(list(cache.iterdir())) == 1
    assert len(list(unpacked(path, "f").iterdir())) == 300
