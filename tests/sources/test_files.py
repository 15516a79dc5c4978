from pathlib import Path

import pytest

from kerascnn.errors import DataError
from kerascnn.sources.files import is_junk, is_picture, place, refuse_links


@pytest.mark.parametrize("name", ["a.jpg", "a.JPEG", "b.PNG", "c.tif", "c.webp", "d.x.bmp", "ü.gif"])
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
