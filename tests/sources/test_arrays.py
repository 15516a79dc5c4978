"""Pictures in NumPy's files."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerascnn.errors import DataError
from kerascnn.sources.arrays import Arrays
from kerascnn.testing import check_component, check_source

IMAGES = np.random.default_rng(0).integers(0, 256, (12, 6, 5, 3), dtype="uint8")
LABELS = np.arange(12) % 11


@pytest.fixture
def npz(tmp_path: Path) -> Path:
    np.savez(tmp_path / "set.npz", images=IMAGES, labels=LABELS, x_test=IMAGES[:3, ..., 0], y_test=LABELS[:3])
    return tmp_path / "set.npz"


def test_one_file_holds_pictures_and_labels(npz: Path) -> None:
    source = Arrays(path=str(npz))
    check_component(source)
    scan = check_source(source)
    assert [sample.label for sample in scan.samples] == [str(label) for label in LABELS]
    assert np.array_equal(scan.samples[5].payload, IMAGES[5])
    assert list(scan.labels) == [str(i) for i in range(11)], "10 comes after 9"
    assert {sample.split for sample in scan.samples} == {None}


def test_each_may_have_a_file_of_its_own(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", IMAGES[..., 0])
    np.save(tmp_path / "y.npy", np.array(["cat", "dog", "a b"] * 4))
    scan = check_source(Arrays(path=str(tmp_path / "x.npy"), labels_path=str(tmp_path / "y.npy")))
    assert list(scan.labels) == ["a b", "cat", "dog"]
    assert scan.samples[0].payload.shape == (6, 5)


def test_a_test_part_is_the_test_split(npz: Path) -> None:
    scan = check_source(Arrays(path=str(npz), test_images_key="x_test", test_labels_key="y_test"))
    assert [(sample.id, sample.split) for sample in scan.samples][-4:] == [
        ("train/000011", "train"),
        ("test/000000", "test"),
        ("test/000001", "test"),
        ("test/000002", "test"),
    ]


def test_numbers_may_have_names(npz: Path) -> None:
    names = [f"class {i}" for i in range(11)]
    scan = check_source(Arrays(path=str(npz), class_names=names))
    assert list(scan.labels) == names
    assert scan.samples[10].label == "class 10"


def refusal(**parameters: Any) -> str:
    with pytest.raises(DataError) as caught:
        Arrays(**parameters).scan()
    return str(caught.value)


def test_what_is_wrong_with_a_file_is_said(npz: Path, tmp_path: Path) -> None:
    assert "no file" in refusal(path=str(tmp_path / "gone.npz"))
    assert "has no array 'imges'; did you mean 'images'?" in refusal(path=str(npz), images_key="imges")
    assert "go together" in refusal(path=str(npz), test_images_key="x_test")
    assert "has the label 2; data.source.class_names names 2" in refusal(path=str(npz), class_names=["a", "b"])
    np.save(tmp_path / "x.npy", IMAGES)
    assert "name the file with the labels" in refusal(path=str(tmp_path / "x.npy"))
    assert "holds several arrays (images, labels, x_test, y_test)" in refusal(
        path=str(npz), labels_path=str(tmp_path / "x.npy")
    )
    for content in (b"", b"no array", npz.read_bytes()[:100], (tmp_path / "x.npy").read_bytes()[:200]):
        (tmp_path / "broken.npz").write_bytes(content)
        assert "cannot be read as NumPy's file" in refusal(path=str(tmp_path / "broken.npz"), labels_path=str(npz))


def test_pickles_are_never_opened(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    assert "cannot be read as NumPy's file" in refusal(
        path=str(tmp_path / "x.npy"), labels_path=str(tmp_path / "x.npy")
    )


@pytest.mark.parametrize(
    ("images", "labels", "said"),
    [
        (IMAGES.astype("float32"), LABELS, "pictures are float32"),
        (IMAGES[..., :0], LABELS, "pictures have the shape (12, 6, 5, 0)"),
        (np.zeros((12, 2, 2, 65), "uint8"), LABELS, "(n, height, width, channels) with 1 to 64 channels"),
        (IMAGES.astype("int16"), LABELS, "they should be uint8 (0 to 255) or uint16 (0 to 65535)"),
        (IMAGES[0, 0], LABELS, "pictures have the shape (5, 3)"),
        (IMAGES, LABELS[:5], "labels of shape (5,) for 12 pictures"),
        (IMAGES, np.eye(12), "labels of shape (12, 12)"),
        (IMAGES, LABELS.astype("float64"), "labels are float64"),
    ],
)
def test_arrays_of_another_form_are_refused(tmp_path: Path, images: np.ndarray, labels: np.ndarray, said: str) -> None:
    np.savez(tmp_path / "set.npz", images=images, labels=labels)
    assert said in refusal(path=str(tmp_path / "set.npz"))


@pytest.mark.parametrize(("channels", "dtype"), [(1, "uint8"), (2, "uint16"), (12, "uint8"), (64, "<u2"), (4, ">u2")])
def test_pictures_have_any_number_of_channels_and_8_or_16_bits(tmp_path: Path, channels: int, dtype: str) -> None:
    images = np.arange(2 * 3 * 4 * channels).reshape(2, 3, 4, channels).astype(dtype)
    images[1, 2, 3, -1] = 65_535 if "2" in dtype else 255
    np.savez(tmp_path / "set.npz", images=images, labels=[0, 1])
    first, second = Arrays(path=str(tmp_path / "set.npz")).scan().samples
    assert first.payload.dtype in (np.uint8, np.uint16)
    assert first.payload.dtype.isnative
    assert np.array_equal(first.payload, images[0])
    assert second.payload[2, 3, -1] == images[1, 2, 3, -1]
