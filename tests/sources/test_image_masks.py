"""Pictures with masks."""

import pytest
from pydantic import ValidationError

from kerascnn.errors import DataError
from kerascnn.testing import check_component
from tests.helpers import make


@pytest.fixture
def source(tmp_path):
    """Write files and return the source of them."""

    def source(*names, **parameters):
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).touch()
        for folder in ("images", "masks"):
            (tmp_path / folder).mkdir(exist_ok=True)
        places = {"images": str(tmp_path / "images"), "masks": str(tmp_path / "masks")}
        return make("source", "image_masks", **{**places, **parameters})

    return source


def test_a_mask_has_the_name_of_its_picture(source, tmp_path):
    made = source("images/b.jpg", "images/x/a.jpg", "masks/x/a.png", "masks/b.png")
    check_component(made)
    scan = made.scan()
    assert made.target == "mask"
    assert [(s.id, s.payload, s.target, s.split, s.label) for s in scan.samples] == [
        ("b.jpg", tmp_path / "images/b.jpg", tmp_path / "masks/b.png", None, ""),
        ("x/a.jpg", tmp_path / "images/x/a.jpg", tmp_path / "masks/x/a.png", None, ""),
    ]
    assert list(scan.labels) == ["0", "255"]
    assert scan == made.scan()


def test_classes_are_named_by_their_grey_values(source):
    made = source("images/a.jpg", "masks/a.png", values=[0, 1, 7], class_names=["sky", "road", "car"])
    assert list(made.scan().labels) == ["sky", "road", "car"]
    assert list(source(values=[0, 1, 7]).scan().labels) == ["0", "1", "7"]


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"class_names": ["a", "b", "c"]}, "names 3 classes in class_names and 2 grey values in values"),
        ({"values": [0, 0]}, "should name no two classes alike"),
        ({"class_names": ["a", "a"]}, "should name no two classes alike"),
        ({"values": [0, 65_536]}, "less than or equal to 255"),
        ({"values": [0]}, "at least 2"),
    ],
)
def test_values_and_names_fit_each_other(source, parameters, said):
    with pytest.raises(ValidationError, match=said):
        source(**parameters)


def test_folders_of_splits_are_splits(source):
    made = source("images/train/1.jpg", "images/val/1.jpg", "masks/train/1.png", "masks/val/1.png")
    assert [(s.id, s.split) for s in made.scan().samples] == [("train/1.jpg", "train"), ("val/1.jpg", "validation")]
    made = source("images/extra/1.jpg", "masks/extra/1.png")
    assert {s.split for s in made.scan().samples} == {None}


def test_every_file_without_its_counterpart_is_named(source, tmp_path):
    made = source("images/a.jpg", "images/b.jpg", "images/c.jpg", "masks/a.png", "masks/d.png")
    with pytest.raises(DataError, match="2 pictures have no mask and 1 mask has no picture") as caught:
        made.scan()
    assert [name for name, _ in caught.value.files] == [
        str(tmp_path / name) for name in ("images/b.jpg", "images/c.jpg", "masks/d.png")
    ]


def test_two_files_for_one_name_are_refused(source):
    with pytest.raises(DataError, match="the name of another but for the ending"):
        source("images/a.jpg", "images/a.png", "masks/a.png").scan()


def test_folders_are_apart(source, tmp_path):
    made = source("images/a.jpg", "images/masks/a.png", masks=str(tmp_path / "images/masks"))
    with pytest.raises(DataError, match="should be apart"):
        made.scan()
    with pytest.raises(DataError, match="should be apart"):
        source(masks=str(tmp_path / "images")).scan()


def test_other_files_are_counted_and_junk_is_not(source):
    scan = source("images/a.jpg", "images/notes.txt", "images/.DS_Store", "masks/a.png").scan()
    assert list(scan.notes) == ["1 file ending in .txt in images left out: by the ending no picture"]


def test_folders_without_pictures_are_an_error(source):
    with pytest.raises(DataError, match="holds no pictures"):
        source().scan()
