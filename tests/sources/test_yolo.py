"""Boxes in text files."""

import pytest
from PIL import Image

from kerascnn.errors import DataError
from kerascnn.spec import Box
from kerascnn.testing import check_component
from tests.helpers import make


@pytest.fixture
def source(tmp_path):
    """Write files by name: pictures of 100 x 50 pixels, and texts; and return the source of them."""

    def source(files, **parameters):
        for folder in () if "train/images" in " ".join(files) else ("images", "labels"):
            (tmp_path / folder).mkdir(exist_ok=True)
        for name, content in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            if content is None:
                Image.new("RGB", (100, 50)).save(tmp_path / name)
            else:
                (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
        return make("source", "yolo", path=str(tmp_path), **parameters)

    return source


def refused(source):
    with pytest.raises(DataError) as caught:
        source.scan()
    return str(caught.value).splitlines()[0].replace(f"{source.path}/", ""), [
        (name.replace(f"{source.path}/", ""), why) for name, why in caught.value.files
    ]


def names(source, **files):
    return list(source({"images/a.jpg": None, **files}).scan().labels)


def test_fractions_become_pixels(source, tmp_path):
    lines = "1 0.5 0.5 0.2 0.4\n\n0 0.25 0.5 0.5 1\r\n"
    made = source({"images/x/a.png": None, "labels/x/a.txt": lines}, class_names=["cat", "dog"])
    check_component(made)
    scan = made.scan()
    (sample,) = scan.samples
    assert made.target == "boxes"
    assert (sample.id, sample.payload, sample.split) == ("images/x/a.png", tmp_path / "images/x/a.png", None)
    assert sample.target == (Box("dog", 40, 15, 60, 35), Box("cat", 0, 0, 50, 50))
    assert sample.origin == str(tmp_path / "labels/x/a.txt")
    assert list(scan.labels) == ["cat", "dog"]
    assert scan == made.scan()


def test_a_turned_picture_counts_upright(source, tmp_path):
    made = source({"labels/a.txt": "0 0.5 0.5 0.2 0.2"}, class_names=["cat"])
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (100, 50)).save(tmp_path / "images/a.jpg", exif=exif)
    assert made.scan().samples[0].target == (Box("cat", 20, 40, 30, 60),)


def test_a_picture_without_a_text_file_shows_nothing(source):
    made = source({"images/a.jpg": None, "images/b.jpg": None, "labels/b.txt": " \n"}, class_names=["cat"])
    scan = made.scan()
    assert [sample.target for sample in scan.samples] == [(), ()]
    assert list(scan.notes) == ["1 picture without a text file, taken to show nothing"]


def test_boxes_without_area_and_outside_are_found(source):
    lines = "0 .5 .5 0 .2\n0 .5 .5 -.1 .2\n0 1 .5 .2 .2\n0 .96 .5 .0801 .2"
    scan = source({"images/a.jpg": None, "labels/a.txt": lines}, class_names=["cat"]).scan()
    assert scan.samples[0].target[0] == Box("cat", 90, 20, 100, 30)
    assert scan.samples[0].target[1].right == 100
    assert [(found.id, found.message.split()[0]) for found in scan.findings] == [
        ("empty-box", "2"),
        ("box-outside", "1"),
    ]


def test_folders_of_splits_are_splits_in_either_order(source, tmp_path):
    inner = {"images/train/a.jpg": None, "images/val/b.jpg": None, "labels/train/a.txt": "0 .5 .5 .1 .1"}
    scan = source(inner, class_names=["cat"]).scan()
    assert [(s.id, s.split, len(s.target)) for s in scan.samples] == [
        ("images/train/a.jpg", "train", 1), ("images/val/b.jpg", "validation", 0)
    ]  # fmt: skip


def test_splits_may_stand_above(source, tmp_path):
    outer = {
        "train/images/a.jpg": None, "train/labels/a.txt": "0 .5 .5 .1 .1", "test/images/a.jpg": None,
        "test/labels/a.txt": "", "data.yaml": "names: [cat]\n",
    }  # fmt: skip
    made = source(outer)
    assert [(s.id, s.split, len(s.target)) for s in made.scan().samples] == [
        ("test/images/a.jpg", "test", 0), ("train/images/a.jpg", "train", 1)
    ]  # fmt: skip
    (tmp_path / "test/labels/a.txt").unlink()
    (tmp_path / "test/labels").rmdir()
    assert refused(made)[1] == [("test", "has no folder labels")]


def test_names_come_from_a_file_to_the_letter(source):
    assert names(source, **{"classes.txt": "\ufeffno\r\n007\r\n"}) == ["no", "007"]


@pytest.mark.parametrize(
    "text",
    [
        "names: [no, 007]\nnc: 2\n",
        "train: ../x\nnames:\n  - no\n  - '007'\n",
        "names:\n  1: 007\n  0: no\n",
        "names: {0: no, 1: 007}",
    ],
)
@pytest.mark.parametrize("ending", ["yaml", "yml"])
def test_names_come_from_yaml_to_the_letter(source, text, ending):
    assert names(source, **{f"data.{ending}": text}) == ["no", "007"]


def test_a_list_of_names_among_the_labels_is_no_label(source):
    assert names(source, **{"labels/classes.txt": "cat\ndog\n"}) == ["cat", "dog"]


def test_files_that_agree_may_both_be_there(source):
    assert names(source, **{"classes.txt": "cat\n", "data.yaml": "names: [cat]"}) == ["cat"]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "nothing says what the classes are called; name them in data.source.class_names"),
        ({"classes.txt": "cat\n", "data.yaml": "names: [dog]"}, "classes.txt and data.yaml name other classes"),
        ({"classes.txt": "cat\ncat\n"}, "classes.txt: names two classes alike"),
        ({"classes.txt": "cat\n\ndog"}, "classes.txt: should name a class in each line"),
        ({"classes.txt": ""}, "classes.txt: names no classes"),
        ({"classes.txt": b"\xff"}, "classes.txt: is not UTF-8"),
        ({"data.yaml": "names: ["}, "data.yaml: cannot be read as YAML"),
        ({"data.yaml": "[" * 100_000}, "data.yaml: "),
        ({"data.yaml": "nc: 2"}, "data.yaml: has no list `names`"),
        ({"data.yaml": "names: cat"}, "data.yaml: has no list `names`"),
        ({"data.yaml": "names: {0: cat, 2: dog}"}, "data.yaml: has no list `names`"),
        ({"data.yaml": "a: &a [x, x]\nnames: [*a, *a]"}, "data.yaml: has no list `names`"),
        ({"data.yaml": "names: !!python/object/apply:os.system ['true']"}, ""),
        ({"data.yaml": " " * (1 << 20) + "x"}, "data.yaml: is larger than 1 MiB"),
    ],
)
def test_classes_without_names_are_an_error(source, files, said):
    made = source({"images/a.jpg": None, **files})
    if not said:  # the tag is never looked at: the list is one of names like any other
        assert list(made.scan().labels) == ["true"]
        return
    assert said in refused(made)[0]


def test_every_wrong_line_is_named(source):
    lines = (
        "0 .5 .5 .1\n0 .1 .1 .2 .2 .3 .3\n2 .5 .5 .1 .1\n-1 .5 .5 .1 .1\n0 40 15 60 35\n0 nan .5 .1 .1\n0 x .5 .1 .1\n"
    )
    made = source(
        {"images/a.jpg": None, "images/b.jpg": b"x", "labels/a.txt": lines, "labels/b.txt": "0 0 0 1 1",
         "labels/c.txt": "", "labels/d.csv": ""},
        class_names=["cat", "dog"],
    )  # fmt: skip
    message, wrong = refused(made)
    assert message.startswith("9 files or lines of ")
    fraction = "it should be a fraction of the picture's width or height"
    assert wrong == [
        ("labels/c.txt", f"has no picture in {made.path}/images"),
        ("labels/a.txt:1", "has 4 values; a line is: class x y width height"),
        ("labels/a.txt:2", "has 7 values; a line is: class x y width height"),
        ("labels/a.txt:3", "has the class 2; there are the classes 0 to 1"),
        ("labels/a.txt:4", "has the class -1; there are the classes 0 to 1"),
        ("labels/a.txt:5", f"has the value 40; {fraction}"),
        ("labels/a.txt:6", f"has the value nan; {fraction}"),
        ("labels/a.txt:7", f"has the value x; {fraction}"),
        ("images/b.jpg", "is not a picture of a known format"),
    ]


def test_another_layout_is_an_error(source, tmp_path):
    with pytest.raises(DataError, match="there is no folder images in it"):
        make("source", "yolo", path=str(tmp_path), class_names=["cat"]).scan()
    with pytest.raises(DataError, match="there are no pictures in images"):
        source({}, class_names=["cat"]).scan()
    (tmp_path / "labels").rmdir()
    with pytest.raises(DataError, match="there is no folder labels beside images"):
        make("source", "yolo", path=str(tmp_path), class_names=["cat"]).scan()
