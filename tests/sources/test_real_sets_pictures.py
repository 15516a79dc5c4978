"""Sources of pictures on real sets, where they are: `KERASCNN_DATA` names their folder."""

import os
import zipfile
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image

from kerascnn.testing import check_source
from tests.helpers import make

DATA = Path(os.environ.get("KERASCNN_DATA") or Path(__file__).parents[3] / "shared/data")


@pytest.fixture
def real():
    """Return a function that gives the folder of a set, or skips the test."""

    def real(name):
        if not (DATA / name).is_dir():
            pytest.skip(f"the set {name} is not on this machine (KERASCNN_DATA names the folder of the sets)")
        return DATA / name

    return real


def test_bccd_has_its_splits_and_boxes(real):
    scan = make("source", "pascal_voc", path=str(real("bccd"))).scan()
    assert Counter(sample.split for sample in scan.samples) == {"train": 205, "validation": 87, "test": 72}
    boxes = [box for sample in scan.samples for box in sample.target]
    assert list(scan.labels) == ["Platelets", "RBC", "WBC"]
    assert Counter(box.label for box in boxes) == {"RBC": 4_155 - 2, "WBC": 372, "Platelets": 361}
    assert len(boxes) == 4_888 - 2
    assert all(0 <= b.left < b.right <= 640 and 0 <= b.top < b.bottom <= 480 for b in boxes)
    (finding,) = scan.findings
    assert finding.id == "empty-box"
    assert set(finding.samples) == {"JPEGImages/BloodImage_00338.jpg", "JPEGImages/BloodImage_00343.jpg"}
    assert finding.message == "2 boxes without area were dropped, in 2 pictures"


def test_isbi_membrane_has_a_mask_for_each_slice(real):
    folder = real("isbi_membrane") / "train"
    masks = make(
        "source", "image_masks", images=str(folder / "image"), masks=str(folder / "label"),
        class_names=["membrane", "cell"],
    )  # fmt: skip
    scan = masks.scan()
    assert len(scan.samples) == 30
    assert all(sample.payload.name == sample.target.name for sample in scan.samples)
    levels = [Image.open(sample.target).getextrema() for sample in scan.samples]
    assert set(levels) == {(0, 255)}


def test_trashnet150_is_a_folder_of_classes(real):
    scan = check_source(make("source", "image_folder", path=str(real("trashnet150") / "images")))
    assert Counter(sample.label for sample in scan.samples) == {
        "glass": 501, "paper": 594, "cardboard": 403, "plastic": 482, "metal": 410, "trash": 137
    }  # fmt: skip


def test_trashnet150_is_the_same_in_an_archive(real, tmp_path, monkeypatch):
    monkeypatch.setenv("KERASCNN_CACHE", str(tmp_path / "cache"))
    folder = real("trashnet150") / "images"
    with zipfile.ZipFile(tmp_path / "trash.zip", "w") as archive:
        for file in sorted(folder.rglob("*.jpg")):
            archive.write(file, Path("trashnet", file.relative_to(folder)))
    packed = make("source", "image_folder", path=str(tmp_path / "trash.zip")).scan()
    plain = make("source", "image_folder", path=str(folder)).scan()
    assert [(s.id, s.label) for s in packed.samples] == [(s.id, s.label) for s in plain.samples]
    assert packed.samples[7].payload.read_bytes() == plain.samples[7].payload.read_bytes()


def test_mnist_has_its_two_parts(real):
    scan = make("source", "idx", path=str(real("mnist"))).scan()
    assert Counter(sample.split for sample in scan.samples) == {"train": 60_000, "test": 10_000}
    assert list(scan.labels) == [str(digit) for digit in range(10)]
