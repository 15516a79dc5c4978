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
        return make("source", "audio_folder", path=str(tmp_path))

    return put


def test_each_folder_is_a_class_of_sounds(put, tmp_path):
    source = put("rain/2.wav", "dog/b.WAV", "dog/old/a.wave")
    scan = check_source(source)
    assert source.gives == "audio"
    assert [(s.id, s.label, s.split) for s in scan.samples] == [
        ("dog/b.WAV", "dog", None), ("dog/old/a.wave", "dog", None), ("rain/2.wav", "rain", None),
    ]  # fmt: skip
    assert scan.samples[0].payload == tmp_path / "dog/b.WAV"
    assert list(scan.labels) == ["dog", "rain"]


def test_train_and_test_folders_are_splits(put):
    scan = check_source(put("train/a/1.wav", "train/b/2.wav", "test/a/3.wav", "valid/b/4.wav"))
    assert [s.split for s in scan.samples] == ["test", "train", "train", "validation"]


def test_files_that_cannot_be_read_as_sound_are_counted(put):
    scan = put("a/1.wav", "b/2.wav", "b/3.mp3", "b/4.flac", "a/._1.wav", "a/notes.txt").scan()
    assert len(scan.samples) == 2
    assert list(scan.notes) == [
        "1 file ending in .flac left out: by the ending no sound",
        "1 file ending in .mp3 left out: by the ending no sound",
        "1 file ending in .txt left out: by the ending no sound",
    ]


def test_links_and_folders_without_classes_are_refused(put, tmp_path):
    with pytest.raises(DataError, match="put the sounds of each class in a folder of its name"):
        put("1.wav").scan()
    source = put("a/1.wav")
    (tmp_path / "a/2.wav").symlink_to(tmp_path / "a/1.wav")
    with pytest.raises(DataError, match="1 symbolic link"):
        source.scan()
