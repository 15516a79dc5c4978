import gzip
import struct

import numpy as np
import pytest
from pydantic import ValidationError

from kerascnn.errors import DataError
from kerascnn.sources.idx import read_idx
from kerascnn.testing import check_source
from tests.helpers import make, pictures


def idx(array, kind=8):
    """Return an array as the bytes of an IDX file."""
    return bytes([0, 0, kind, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


@pytest.fixture
def write(tmp_path):
    """Write a part of a set: "train" or "t10k"."""

    def write(part, images, numbers, *, zipped=False):
        for name, content in ((f"{part}-images-idx3-ubyte", images), (f"{part}-labels-idx1-ubyte", numbers)):
            if content is None:
                continue
            data = content if isinstance(content, bytes) else idx(np.asarray(content, "uint8"))
            (tmp_path / (f"{name}.gz" if zipped else name)).write_bytes(gzip.compress(data) if zipped else data)

    return write


@pytest.fixture
def source(tmp_path):
    return lambda **parameters: make("source", "idx", path=str(tmp_path), **parameters)


IMAGES, NUMBERS = pictures(4, 5, 6), [1, 0, 2, 1]


@pytest.mark.parametrize("zipped", [False, True])
def test_pictures_and_labels_are_read(write, source, zipped):
    write("train", IMAGES, NUMBERS, zipped=zipped)
    scan = check_source(source())
    assert [sample.label for sample in scan.samples] == ["1", "0", "2", "1"]
    assert [sample.id for sample in scan.samples] == [f"train/0000{i}" for i in range(4)]
    assert {sample.split for sample in scan.samples} == {None}
    assert list(scan.labels) == ["0", "1", "2"]
    np.testing.assert_array_equal(np.stack([sample.payload for sample in scan.samples]), IMAGES[..., None])


def test_the_test_part_is_the_test_split(write, source):
    write("train", IMAGES, NUMBERS, zipped=True)
    write("t10k", IMAGES[:1], [0])
    scan = check_source(source())
    assert [sample.split for sample in scan.samples] == ["train"] * 4 + ["test"]
    assert scan.samples[-1].id == "t10k/00000"


def test_the_names_with_a_dot_are_known_too(write, source, tmp_path):
    write("train", IMAGES, NUMBERS)
    for kind in ("images-idx3", "labels-idx1"):
        (tmp_path / f"train-{kind}-ubyte").rename(tmp_path / f"train-{kind.replace('-idx', '.idx')}-ubyte")
    assert len(source().scan().samples) == 4


def test_classes_have_the_names_that_are_given(write, source):
    write("train", IMAGES, NUMBERS)
    scan = check_source(source(labels=["zero", "one", "two", "three"]))
    assert [sample.label for sample in scan.samples] == ["one", "zero", "two", "one"]
    assert list(scan.labels) == ["zero", "one", "two", "three"]


def test_more_classes_than_names_are_an_error(write, source):
    write("train", IMAGES, NUMBERS)
    with pytest.raises(DataError, match=r"data\.source\.labels names 2 classes; the files hold class 2"):
        source(labels=["zero", "one"]).scan()


def test_two_classes_of_one_name_are_refused(source):
    with pytest.raises(ValidationError, match="should name no two classes alike"):
        source(labels=["shirt", "shoe", "shirt"])


def test_a_class_needs_a_name(source):
    with pytest.raises(ValidationError, match="at least 1 character"):
        source(labels=["shirt", ""])


def test_a_class_that_is_in_the_test_part_alone_counts(write, source):
    write("train", IMAGES, NUMBERS)
    write("t10k", IMAGES[:1], [4])
    assert list(source().scan().labels) == ["0", "1", "2", "3", "4"]


def test_missing_files_are_named(write, source, tmp_path):
    with pytest.raises(
        DataError, match=f"{tmp_path}: there is no train-images-idx3-ubyte or train-images-idx3-ubyte.gz"
    ):
        source().scan()
    write("train", IMAGES, None)
    with pytest.raises(DataError, match="there is no train-labels-idx1-ubyte"):
        source().scan()


def test_a_test_part_without_labels_is_an_error(write, source):
    write("train", IMAGES, NUMBERS)
    write("t10k", IMAGES, None)
    with pytest.raises(DataError, match="there is no t10k-labels-idx1-ubyte"):
        source().scan()


def test_a_missing_folder_is_an_error(tmp_path):
    with pytest.raises(DataError, match=r"data\.source\.path: there is no folder"):
        make("source", "idx", path=str(tmp_path / "mnist")).scan()


def test_a_label_for_each_picture(write, source):
    write("train", IMAGES, [0, 1, 0])
    with pytest.raises(DataError, match="train-labels-idx1-ubyte: holds 3 labels for 4 pictures"):
        source().scan()


def test_pictures_have_three_axes_and_labels_one(write, source):
    write("train", NUMBERS, NUMBERS)
    with pytest.raises(DataError, match="holds 1 axes; pictures have 3"):
        source().scan()
    write("train", IMAGES, IMAGES)
    with pytest.raises(DataError, match="holds 3 axes; labels have 1"):
        source().scan()


GOOD = idx(IMAGES)


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is not an IDX file"),
        (b"\0\0", "is not an IDX file"),
        (b"\x89PNG\r\n\x1a\n", r"is not an IDX file of bytes \(it starts with 89 50 4e 47\)"),
        (idx(IMAGES, kind=0x0D), "is not an IDX file of bytes"),
        (bytes([0, 0, 8, 0]), "is not an IDX file"),
        (bytes([0, 0, 8, 5]) + bytes(20), "is not an IDX file"),
        (GOOD[:9], "ends within its header"),
        (GOOD[:-1], r"should hold 120 bytes for the shape \(4, 5, 6\); it holds only 119"),
        (GOOD + b"\0", r"should hold 120 bytes for the shape \(4, 5, 6\); it holds more"),
        (bytes([0, 0, 8, 3]) + b"\xff" * 12, "the limit is"),
    ],
    ids=range(10),
)
def test_a_file_that_is_not_whole_is_refused(tmp_path, content, words, zipped):
    file = tmp_path / ("x-idx3-ubyte.gz" if zipped else "x-idx3-ubyte")
    file.write_bytes(gzip.compress(content) if zipped else content)
    with pytest.raises(DataError, match=words) as caught:
        read_idx(file)
    assert str(caught.value).startswith(f"{file}: ")


@pytest.mark.parametrize("cut", [5, 30, -4, -1])
def test_a_cut_off_gzip_is_refused(tmp_path, cut):
    file = tmp_path / "x.gz"
    file.write_bytes(gzip.compress(GOOD)[:cut])
    with pytest.raises(DataError, match="cannot be read"):
        read_idx(file)


def test_a_damaged_gzip_is_refused(tmp_path):
    file = tmp_path / "x.gz"
    content = bytearray(gzip.compress(GOOD))
    content[40] ^= 0xFF
    file.write_bytes(content)
    with pytest.raises(DataError, match="cannot be read"):
        read_idx(file)


def test_a_plain_file_that_is_named_gz_is_refused(tmp_path):
    file = tmp_path / "x.gz"
    file.write_bytes(GOOD)
    with pytest.raises(DataError, match="cannot be read: Not a gzipped file"):
        read_idx(file)
