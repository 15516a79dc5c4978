from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kerascnn.errors import DataError
from kerascnn.sources.files import (
    by_stem,
    files_below,
    is_junk,
    is_picture,
    picture_size,
    pictures_below,
    place,
    refuse_links,
    split_folders,
)


@pytest.mark.parametrize("name", ["a.jpg", "a.JPEG", "b.PNG", "c.tif", "c.webp", "d.x.bmp", "ü.gif", "e.npy", "f.TIFF"])
def test_pictures_are_known_by_their_ending(name):
    assert is_picture(Path("folder", name))


@pytest.mark.parametrize("name", ["a.txt", "jpg", "a.jpg.zip", "a", ".jpg", "._a.jpg", "Thumbs.db"])
def test_other_files_are_no_pictures(name):
    assert not is_picture(Path("folder", name))


@pytest.mark.parametrize("name", [".DS_Store", "._a.jpg", "__MACOSX", "Thumbs.db", "thumbs.db", "desktop.ini", ".git"])
def test_leavings_of_operating_systems_are_junk(name):
    assert is_junk(Path("folder", name))


@pytest.mark.parametrize("name", ["cat", "a.jpg", "MACOSX", "thumbs"])
def test_nothing_else_is_junk(name):
    assert not is_junk(Path("folder", name))


def test_a_place_is_absolute_whatever_the_spec_says(tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for path in ("data", "./data/../data", str(tmp_path / "data"), "~/data"):
        assert place(path, "data.source.path", folder=True) == tmp_path / "data"


def test_a_missing_place_says_where_it_was_looked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError) as caught:
        place("pictures", "data.source.path", folder=True)
    assert str(caught.value) == (
        f"data.source.path: there is no folder {tmp_path}/pictures "
        "(relative paths start from the folder that the command runs in)"
    )
    with pytest.raises(DataError, match=r"there is no file /nowhere/at\.csv$"):
        place("/nowhere/at.csv", "data.source.path", folder=False)


def test_a_file_is_no_folder_and_a_folder_no_file(tmp_path):
    file = tmp_path / "a.csv"
    file.touch()
    with pytest.raises(DataError, match=r"a\.csv is not a folder"):
        place(str(file), "data.source.path", folder=True)
    with pytest.raises(DataError, match="is not a file"):
        place(str(tmp_path), "data.source.path", folder=False)


@pytest.mark.parametrize("path", ["a\0b", "~no_such_user_here/data", "x" * 5000])
def test_what_cannot_be_a_path_is_a_data_error(path):
    with pytest.raises(DataError, match=r"data\.source\.path"):
        place(path, "data.source.path", folder=True)


def test_links_are_all_named(tmp_path):
    refuse_links([], tmp_path)
    with pytest.raises(DataError, match="2 symbolic links") as caught:
        refuse_links([tmp_path / "a", tmp_path / "b"], tmp_path)
    assert [name for name, _ in caught.value.files] == [str(tmp_path / "a"), str(tmp_path / "b")]


def touched(folder, *names):
    """Make empty files of these names."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def test_pictures_are_found_below_a_folder_in_a_fixed_order(tmp_path):
    touched(tmp_path, "b.jpg", "a/2.png", "a/1.png", ".git/x.jpg", "Thumbs.db", "notes.txt", "a/README")
    pictures, notes = pictures_below(tmp_path)
    assert [file.relative_to(tmp_path).as_posix() for file in pictures] == ["b.jpg", "a/1.png", "a/2.png"]
    assert notes == [
        f"1 file without an ending in {tmp_path.name} left out: by the ending no picture",
        f"1 file ending in .txt in {tmp_path.name} left out: by the ending no picture",
    ]


def test_links_below_a_folder_are_refused(tmp_path):
    touched(tmp_path, "a/1.jpg")
    (tmp_path / "a/2.jpg").symlink_to(tmp_path / "a/1.jpg")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(DataError, match="2 symbolic links"):
        list(files_below(tmp_path))


def test_names_that_differ_in_the_ending_alone_are_refused(tmp_path):
    files = [tmp_path / name for name in ("a.jpg", "b.jpg", "x/a.jpg")]
    assert list(by_stem(files, tmp_path)) == ["a", "b", "x/a"]
    with pytest.raises(DataError, match="1 file has the name of another but for the ending") as caught:
        by_stem([*files, tmp_path / "a.png"], tmp_path)
    assert caught.value.files == ((str(tmp_path / "a.png"), "is there as a.jpg, too"),)


@pytest.mark.parametrize(
    ("names", "splits"),
    [
        (["Train/1.jpg", "val/1.jpg"], {"Train": "train", "val": "validation"}),
        (["train/1.jpg", "test/1.jpg", "notes.txt"], {"train": "train", "test": "test"}),
        (["train/1.jpg", "cat/1.jpg"], {}),
        (["val/1.jpg", "test/1.jpg"], {}),
        (["train/1.jpg", "2.jpg"], {}),
        (["1.jpg"], {}),
    ],
)
def test_folders_are_splits_where_they_are_nothing_else(tmp_path, names, splits):
    assert split_folders(touched(tmp_path, *names)) == splits


def test_the_size_of_a_picture_is_that_of_its_upright_form(tmp_path):
    exif = Image.Exif()
    Image.new("RGB", (30, 20)).save(tmp_path / "a.png")
    exif[0x0112] = 6
    Image.new("RGB", (30, 20)).save(tmp_path / "b.jpg", exif=exif)
    exif[0x0112] = 3
    Image.new("RGB", (30, 20)).save(tmp_path / "c.jpg", exif=exif)
    np.save(tmp_path / "d.npy", np.zeros((20, 30, 12), "uint16"))
    sizes = [picture_size(tmp_path / name) for name in ("a.png", "b.jpg", "c.jpg", "d.npy")]
    assert sizes == [(30, 20), (20, 30), (30, 20), (30, 20)]


def test_what_has_no_size_says_why(tmp_path):
    np.save(tmp_path / "line.npy", np.zeros(5))
    (tmp_path / "a.jpg").write_text("no picture")
    (tmp_path / "b.npy").write_text("no array")
    with pytest.raises(ValueError, match="is not a picture of a known format"):
        picture_size(tmp_path / "a.jpg")
    with pytest.raises(ValueError, match="cannot be read as NumPy's file"):
        picture_size(tmp_path / "b.npy")
    with pytest.raises(ValueError, match="has the shape"):
        picture_size(tmp_path / "line.npy")
    with pytest.raises(ValueError, match="cannot be read"):
        picture_size(tmp_path / "gone.png")
