"""Unpacking uploads: what comes out, and what is refused, with nothing left behind."""

import io
import stat
import struct
import tarfile
import zipfile
from collections import namedtuple

import pytest

from kerascnn.errors import DataError, ResourceError
from kerascnn_dashboard.logic import archives
from kerascnn_dashboard.logic.archives import Limits, is_archive, unpack

LINK = (stat.S_IFLNK | 0o777) << 16


def packed(path, entries, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return path


def entry(name, mode=0):
    info = zipfile.ZipInfo(name)
    info.external_attr, info.create_system = mode, 3
    return info


def tarred(path, *infos):
    with tarfile.open(path, "w:gz") as archive:
        for info, data in infos:
            if isinstance(info, str):
                info = tarfile.TarInfo(info)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def names(folder):
    return sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())


def refused(tmp_path, archive, limits=None):
    """Return what is said over an archive, of which nothing is left."""
    with pytest.raises(DataError) as caught:
        unpack(archive, tmp_path / "out", limits)
    assert sorted(item.name for item in tmp_path.iterdir()) == [archive.name]
    return str(caught.value)


def test_files_come_out_as_they_went_in_and_junk_is_counted(tmp_path):
    archive = packed(
        tmp_path / "a.zip",
        [("cats/1.jpg", b"one"), ("dogs/2.jpg", b"two"), ("__MACOSX/cats/._1.jpg", b""), ("cats/.DS_Store", b""),
         ("dogs/Thumbs.db", b""), ("desktop.ini", b""), ("cats/._1.jpg", b""), ("empty/", b"")],
    )  # fmt: skip
    told = []
    found = unpack(archive, tmp_path / "out", progress=lambda done, text: told.append((done, text)))
    assert (found.files, found.size, found.junk) == (2, 6, 5)
    assert names(tmp_path / "out") == ["cats/1.jpg", "dogs/2.jpg"]
    assert (tmp_path / "out/cats/1.jpg").read_bytes() == b"one"
    assert told[-1] == (1.0, "unpacked 2 of 2 files")


def test_a_tar_comes_out_as_well(tmp_path):
    archive = tarred(tmp_path / "a.tar.gz", ("top/1.txt", b"one"), ("top/._1.txt", b""))
    assert unpack(archive, tmp_path / "out").junk == 1
    assert names(tmp_path / "out") == ["top/1.txt"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("../evil.txt", "leads out of the archive"),
        ("a/../../evil.txt", "leads out of the archive"),
        ("/etc/evil.txt", "absolute path"),
        ("C:/evil.txt", "absolute path"),
        ("a\\evil.txt", "backslash"),
        ("/".join("abcdefghijklmnopqrstuvwxyz0123456789"), "folders deep"),
        ("a" * 300, "more than 255 bytes"),
    ],
)
def test_names_that_lead_elsewhere_or_are_too_long_are_refused_by_name(tmp_path, name, said):
    message = refused(tmp_path, packed(tmp_path / "a.zip", [("good.txt", b""), (name, b"x")]))
    assert said in message
    assert name in message


def test_links_and_devices_are_refused(tmp_path):
    message = refused(tmp_path, packed(tmp_path / "a.zip", [(entry("link", LINK), b"/etc/passwd"), ("b", b"")]))
    assert "link: is a symbolic link" in message
    (tmp_path / "a.zip").unlink()
    device = (stat.S_IFCHR | 0o600) << 16
    assert "neither a file nor a folder" in refused(tmp_path, packed(tmp_path / "b.zip", [(entry("tty", device), b"")]))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_in_a_tar_are_refused(tmp_path, kind):
    info = tarfile.TarInfo("thing")
    info.type, info.linkname = kind, "/etc/passwd"
    assert "thing: is" in refused(tmp_path, tarred(tmp_path / "a.tgz", ("good", b"x"), (info, b"")))


def test_a_tar_with_a_name_that_leads_out_is_refused(tmp_path):
    assert "leads out" in refused(tmp_path, tarred(tmp_path / "a.tgz", ("../evil", b"x")))


def test_a_tar_with_a_name_that_fills_the_memory_is_refused(tmp_path):
    long = tarfile.TarInfo("././@LongLink")
    long.type = tarfile.GNUTYPE_LONGNAME
    assert "has a name of 1000000 bytes" in refused(tmp_path, tarred(tmp_path / "a.tgz", (long, b"a" * 1_000_000)))


def test_encrypted_entries_are_refused(tmp_path):
    archive = packed(tmp_path / "a.zip", [("secret.txt", b"x")])
    data = bytearray(archive.read_bytes())
    for mark, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        data[data.index(mark) + at] |= 1
    archive.write_bytes(data)
    assert "is encrypted; pack it anew without a password" in refused(tmp_path, archive)


def test_a_bomb_is_known_by_its_ratio(tmp_path):
    archive = packed(tmp_path / "a.zip", [("zeros", bytes(2_000_000))])
    message = refused(tmp_path, archive, Limits(free=1000))
    assert "more than 200 times as much" in message
    assert "zeros: would be 1.9 MB" in message


def test_a_bomb_is_known_by_its_count(tmp_path):
    archive = packed(tmp_path / "a.zip", [(f"{i}.txt", b"") for i in range(30)])
    assert "more than 20 files" in refused(tmp_path, archive, Limits(files=20))
    archive.unlink()
    tar = tarred(tmp_path / "a.tgz", *((f"{i}.txt", b"") for i in range(30)))
    assert "more than 20 files" in refused(tmp_path, tar, Limits(files=20))


def test_a_list_of_entries_that_is_too_long_is_refused_before_it_is_read(tmp_path):
    archive = packed(tmp_path / "a.zip", [("1.txt", b"")])
    data = bytearray(archive.read_bytes())
    struct.pack_into("<L", data, data.rindex(b"PK\5\6") + 12, 2_000_000_000)
    archive.write_bytes(data)
    assert "holds more than 100000 files" in refused(tmp_path, archive)


def test_too_many_bytes_and_a_full_disk_are_said_with_numbers(tmp_path, monkeypatch):
    archive = packed(tmp_path / "a.zip", [("1.bin", bytes(5000))], zipfile.ZIP_STORED)
    assert "would unpack to 4.9 kB; the limit is 1.0 kB" in refused(tmp_path, archive, Limits(total=1024))
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(archives.shutil, "disk_usage", lambda path: usage((1 << 30) + 100))
    with pytest.raises(ResourceError, match="has room for 100 bytes"):
        unpack(archive, tmp_path / "out")


def test_names_that_differ_in_capitals_alone_are_refused(tmp_path):
    message = refused(tmp_path, packed(tmp_path / "a.zip", [("Cats/1.jpg", b""), ("cats/2.jpg", b"")]))
    assert "cats/2.jpg: differs from Cats in capitals alone" in message


def test_a_file_that_is_a_folder_as_well_is_refused(tmp_path):
    assert "both a file and a folder" in refused(tmp_path, packed(tmp_path / "a.zip", [("a", b""), ("a/1", b"")]))


def test_names_are_utf_8_or_code_page_437(tmp_path):
    archive = packed(
        tmp_path / "a.zip", [("d\u00f6gs/1.txt", b""), ("x_c\u0061ts/2.txt", b""), ("x_l\u0061mb/3.txt", b"")]
    )
    data = archive.read_bytes()
    # An archive of old: the letter o with dots in code page 437, and one in UTF-8 that does not say so.
    data = data.replace(b"x_cats", b"c\x94ts__").replace(b"x_lamb", b"l\xc3\xb6mb_")
    archive.write_bytes(data)
    unpack(archive, tmp_path / "out")
    assert names(tmp_path / "out") == ["c\u00f6ts__/2.txt", "d\u00f6gs/1.txt", "l\u00f6mb_/3.txt"]


def test_an_archive_without_files_is_refused(tmp_path):
    assert "holds no files" in refused(tmp_path, packed(tmp_path / "a.zip", [("__MACOSX/x", b""), ("empty/", b"")]))


@pytest.mark.parametrize("ending", ["zip", "tar.gz"])
def test_what_is_no_archive_or_cut_off_is_refused(tmp_path, ending):
    archive = tmp_path / f"a.{ending}"
    archive.write_bytes(b"no archive at all")
    assert "cannot be read as an archive" in refused(tmp_path, archive)
    content = bytes(range(256)) * 4000
    whole = packed(archive, [("1.bin", content)]) if ending == "zip" else tarred(archive, ("1.bin", content))
    archive.write_bytes(whole.read_bytes()[:-2000])
    assert "cut off" in refused(tmp_path, archive)


def test_an_entry_that_is_damaged_leaves_nothing(tmp_path):
    archive = packed(tmp_path / "a.zip", [("1.bin", b"a" * 100), ("2.bin", b"b" * 5000)], zipfile.ZIP_STORED)
    archive.write_bytes(archive.read_bytes().replace(b"b" * 5000, b"b" * 4999 + b"c"))
    assert "2.bin is damaged" in refused(tmp_path, archive)


def test_whoever_stops_it_finds_nothing_left(tmp_path):
    def stop(done, text):
        raise KeyboardInterrupt

    archive = packed(tmp_path / "a.zip", [("1.txt", b"x"), ("2.txt", b"y")])
    with pytest.raises(KeyboardInterrupt):
        unpack(archive, tmp_path / "out", progress=stop)
    assert [item.name for item in tmp_path.iterdir()] == ["a.zip"]


def test_archives_are_known_by_their_ending():
    assert is_archive("A.ZIP")
    assert is_archive("a.tar.gz")
    assert not is_archive("a.gz")
