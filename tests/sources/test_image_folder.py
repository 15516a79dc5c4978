import os

import pytest

from kerascnn.errors import DataError
from kerascnn.testing import check_source
from tests.helpers import make


@pytest.fixture
def put(tmp_path):
    """Make empty files: a source looks at names alone."""

    def put(*names):
        for name in names:
            file = tmp_path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()
        return make("source", "image_folder", path=str(tmp_path))

    return put


def facts(scan):
    return [(sample.id, sample.label, sample.split) for sample in scan.samples]


def test_each_folder_is_a_class(put, tmp_path):
    scan = check_source(put("dog/2.jpg", "cat/b.PNG", "cat/a.jpg", "dog/10.jpg"))
    assert facts(scan) == [
        ("cat/a.jpg", "cat", None),
        ("cat/b.PNG", "cat", None),
        ("dog/10.jpg", "dog", None),
        ("dog/2.jpg", "dog", None),
    ]
    assert scan.samples[0].payload == tmp_path / "cat/a.jpg"
    assert list(scan.labels) == ["cat", "dog"]
    assert list(scan.notes) == []


def test_folders_inside_a_class_belong_to_it(put):
    scan = put("cat/indoors/old/1.jpg", "cat/2.jpg", "dog/3.jpg").scan()
    assert facts(scan) == [
        ("cat/2.jpg", "cat", None),
        ("cat/indoors/old/1.jpg", "cat", None),
        ("dog/3.jpg", "dog", None),
    ]


@pytest.mark.parametrize(
    ("train", "validation", "test"),
    [("train", "val", "test"), ("Training", "valid", "Testing"), ("TRAIN", "validation", "TEST")],
)
def test_train_validation_and_test_folders_are_splits(put, train, validation, test):
    scan = check_source(put(f"{train}/cat/1.jpg", f"{validation}/cat/2.jpg", f"{test}/dog/3.jpg", f"{train}/dog/4.jpg"))
    assert sorted((s.label, s.split) for s in scan.samples) == [
        ("cat", "train"), ("cat", "validation"), ("dog", "test"), ("dog", "train"),
    ]  # fmt: skip
    assert list(scan.labels) == ["cat", "dog"]
    assert f"{train}/cat/1.jpg" in {sample.id for sample in scan.samples}


def test_the_same_name_in_two_splits_is_two_samples(put):
    scan = check_source(put("train/cat/1.jpg", "test/cat/1.jpg"))
    assert [sample.id for sample in scan.samples] == ["test/cat/1.jpg", "train/cat/1.jpg"]


@pytest.mark.parametrize("names", [("train/1.jpg", "plane/2.jpg"), ("test/1.jpg", "val/2.jpg")])
def test_folders_of_such_names_beside_others_are_classes(put, names):
    scan = put(*names).scan()
    assert set(scan.labels) == {name.split("/")[0] for name in names}
    assert {sample.split for sample in scan.samples} == {None}
    assert any("train is taken for a class" in note for note in scan.notes) == ("train/1.jpg" in names)


def test_junk_is_left_out_without_a_word(put):
    scan = put(
        "cat/1.jpg", "cat/.DS_Store", "cat/Thumbs.db", "cat/._1.jpg", "cat/.thumbs/1.jpg", "cat/desktop.ini",
        "dog/2.jpg", "dog/__MACOSX/2.jpg", "__MACOSX/cat/1.jpg", ".git/objects/a.jpg", ".DS_Store",
    ).scan()  # fmt: skip
    assert [sample.id for sample in scan.samples] == ["cat/1.jpg", "dog/2.jpg"]
    assert list(scan.labels) == ["cat", "dog"]
    assert list(scan.notes) == []


def test_files_of_other_endings_are_counted(put):
    scan = put("cat/1.jpg", "cat/a.txt", "cat/b.TXT", "dog/2.jpg", "dog/c.mp4", "dog/README").scan()
    assert list(scan.notes) == [
        "1 file without an ending left out: by the ending no picture",
        "1 file ending in .mp4 left out: by the ending no picture",
        "2 files ending in .txt left out: by the ending no picture",
    ]


def test_files_in_no_class_folder_are_counted(put, tmp_path):
    scan = put("cat/1.jpg", "dog/2.jpg", "3.jpg", "labels.csv").scan()
    assert list(scan.notes) == [f"2 files in no class folder left out, such as {tmp_path}/3.jpg"]
    assert len(scan.samples) == 2


def test_files_beside_the_classes_of_a_split_are_counted(put, tmp_path):
    scan = put("train/cat/1.jpg", "train/dog/2.jpg", "test/3.jpg", "test/cat/4.jpg").scan()
    assert list(scan.notes) == [f"1 file in no class folder left out, such as {tmp_path}/test/3.jpg"]


def test_an_empty_class_folder_is_still_a_class(put, tmp_path):
    source = put("cat/1.jpg", "dog/notes.txt")
    (tmp_path / "owl").mkdir()
    assert list(source.scan().labels) == ["cat", "dog", "owl"]


def test_names_in_any_script_are_kept(put):
    scan = check_source(put("猫/一.jpg", "Hündin/Ärger 1.png", "с пробелом/ф.jpg"))
    assert list(scan.labels) == ["Hündin", "с пробелом", "猫"]
    assert scan.samples[-1].id == "猫/一.jpg"


def test_endings_alone_decide_so_a_folder_may_end_in_jpg(put):
    assert [sample.id for sample in put("cat/odd.jpg/1.png", "dog/2.png").scan().samples] == [
        "cat/odd.jpg/1.png",
        "dog/2.png",
    ]


def test_links_to_files_and_folders_are_refused_by_name(put, tmp_path):
    source = put("cat/1.jpg", "dog/2.jpg", "elsewhere/x/3.jpg")
    (tmp_path / "cat/file.jpg").symlink_to(tmp_path / "dog/2.jpg")
    (tmp_path / "cat/gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    (tmp_path / "dog/more").symlink_to(tmp_path / "elsewhere/x")
    (tmp_path / "owl").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DataError, match="4 symbolic links") as caught:
        source.scan()
    found = [os.path.relpath(name, tmp_path) for name, _ in caught.value.files]
    assert found == ["cat/file.jpg", "cat/gone.jpg", "dog/more", "owl"]


def test_a_split_that_is_a_link_is_refused(put, tmp_path):
    source = put("train/cat/1.jpg", "train/dog/2.jpg")
    (tmp_path / "test").symlink_to(tmp_path / "train")
    with pytest.raises(DataError, match="1 symbolic link;") as caught:
        source.scan()
    assert caught.value.files == ((str(tmp_path / "test"), "is a symbolic link"),)


def test_the_folder_itself_may_be_a_link(put, tmp_path):
    put("real/cat/1.jpg", "real/dog/2.jpg")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert len(make("source", "image_folder", path=str(tmp_path / "link")).scan().samples) == 2


def test_a_loop_of_links_is_refused_and_not_followed(put, tmp_path):
    source = put("cat/1.jpg", "dog/2.jpg")
    (tmp_path / "cat/again").symlink_to(tmp_path)
    with pytest.raises(DataError, match="1 symbolic link;"):
        source.scan()


def test_a_missing_folder_is_an_error(tmp_path):
    with pytest.raises(DataError, match=r"data\.source\.path: there is no folder .*nowhere"):
        make("source", "image_folder", path=str(tmp_path / "nowhere")).scan()


def test_a_file_in_place_of_the_folder_is_an_error(tmp_path):
    (tmp_path / "pictures.tar").touch()
    with pytest.raises(DataError, match=r"pictures\.tar is not a folder"):
        make("source", "image_folder", path=str(tmp_path / "pictures.tar")).scan()


def test_a_folder_without_folders_is_told_what_to_do(put):
    with pytest.raises(DataError, match="put the pictures of each class in a folder of its name"):
        put("1.jpg", "2.jpg").scan()


@pytest.mark.parametrize("blocked", ["", "cat", "cat/inner"])
def test_a_folder_that_cannot_be_read_is_an_error_and_not_skipped(put, tmp_path, monkeypatch, blocked):
    # Permissions do not stop root, who may run the tests.
    source = put("cat/1.jpg", "cat/inner/2.jpg", "dog/3.jpg")
    real = os.scandir, os.listdir

    def deny(function):
        def check(path="."):
            if os.fspath(path) == str(tmp_path / blocked):
                raise PermissionError(13, "Permission denied", os.fspath(path))
            return function(path)

        return check

    monkeypatch.setattr(os, "scandir", deny(real[0]))
    monkeypatch.setattr(os, "listdir", deny(real[1]))
    with pytest.raises(DataError, match=f"{tmp_path / blocked}: cannot be read: Permission denied"):
        source.scan()


def test_a_relative_path_starts_from_the_current_folder(put, tmp_path, monkeypatch):
    put("data/cat/1.jpg", "data/dog/2.jpg")
    monkeypatch.chdir(tmp_path)
    assert make("source", "image_folder", path="data").scan().samples[0].payload == tmp_path / "data/cat/1.jpg"
