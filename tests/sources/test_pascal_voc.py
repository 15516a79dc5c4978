"""Boxes in the files of Pascal VOC."""

import pytest
from PIL import Image

from kerascnn.errors import DataError
from kerascnn.spec import Box
from kerascnn.testing import check_component
from tests.helpers import make

SIZE = "<size><width>100</width><height>50</height><depth>3</depth></size>"


def thing(name, *sides, more=""):
    edges = "".join(f"<{key}>{side}</{key}>" for key, side in zip(("xmin", "ymin", "xmax", "ymax"), sides, strict=True))
    return f"<object><name>{name}</name>{more}<bndbox>{edges}</bndbox></object>"


@pytest.fixture
def source(tmp_path):
    """Write annotations by stem (a text, or bytes of the whole file) and lists, and return the source of them."""

    def source(annotations, lists=None, **parameters):
        for folder in ("Annotations", "JPEGImages", "ImageSets/Main"):
            (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        for stem, content in annotations.items():
            data = content if isinstance(content, bytes) else f"<annotation>{content}</annotation>".encode()
            (tmp_path / f"Annotations/{stem}.xml").write_bytes(data)
            Image.new("RGB", (100, 50)).save(tmp_path / f"JPEGImages/{stem}.jpg")
        for name, stems in (lists or {}).items():
            (tmp_path / f"ImageSets/Main/{name}.txt").write_text("\n".join(stems) + "\n")
        return make("source", "pascal_voc", path=str(tmp_path), **parameters)

    return source


def refused(source):
    with pytest.raises(DataError) as caught:
        source.scan()
    return str(caught.value).splitlines()[0], [
        (name.replace(f"{source.path}/", ""), why) for name, why in caught.value.files
    ]


def test_boxes_are_read_in_pixels_from_the_corner(source, tmp_path):
    made = source({"a": SIZE + thing("dog", 1, 1, 100, 50) + thing("cat", 11, 21, 30, 40.5), "b": SIZE})
    check_component(made)
    scan = made.scan()
    first, second = scan.samples
    assert made.target == "boxes"
    assert (first.id, first.payload) == ("JPEGImages/a.jpg", tmp_path / "JPEGImages/a.jpg")
    assert first.target == (Box("dog", 0, 0, 100, 50), Box("cat", 10, 20, 30, 40.5))
    assert second.target == ()
    assert list(scan.labels) == ["cat", "dog"]
    assert (list(scan.notes), list(scan.findings)) == ([], [])
    assert scan == made.scan()


def test_lists_are_the_splits(source):
    plain = dict.fromkeys("abcd", SIZE + thing("x", 1, 1, 9, 9))
    lists = {"train": "a", "val": "b", "test": "c", "trainval": "ab", "cat_train": "d"}
    scan = source(plain, lists).scan()
    assert [(s.id[-5:], s.split) for s in scan.samples] == [
        ("a.jpg", "train"), ("b.jpg", "validation"), ("c.jpg", "test")
    ]  # fmt: skip
    assert list(scan.notes) == ["1 picture that ImageSets/Main does not list left out"]


@pytest.mark.parametrize(
    ("lists", "splits"),
    [
        ({"trainval": "ab"}, [None, None]),
        ({"trainval": "ab", "test": "c"}, ["train", "train", "test"]),
        ({"trainval": "ab", "train": "a"}, [None, None]),
        ({"train": "ab", "val": "c"}, ["train", "train", "validation"]),
    ],
)
def test_trainval_counts_where_it_is_not_divided(source, lists, splits):
    scan = source(dict.fromkeys("abc", SIZE + thing("x", 1, 1, 9, 9)), lists).scan()
    assert [sample.split for sample in scan.samples] == splits


def test_boxes_without_area_and_outside_are_found(source):
    made = source({
        "a": SIZE + thing("x", 5, 5, 5, 5) + thing("x", 9, 9, 3, 12) + thing("x", 91, 1, 120, 50),
        "b": SIZE + thing("x", 0, 0, 100, 50),
    })  # fmt: skip
    scan = made.scan()
    assert [sample.target for sample in scan.samples] == [(Box("x", 90, 0, 100, 50),), (Box("x", 0, 0, 100, 50),)]
    assert [(found.id, found.severity, found.samples) for found in scan.findings] == [
        ("empty-box", "warning", ("JPEGImages/a.jpg",)),
        ("box-outside", "warning", ("JPEGImages/a.jpg",)),
    ]


def test_without_a_declared_size_the_picture_says_it(source):
    scan = source({"a": thing("x", 91, 1, 120, 90), "b": SIZE.replace("100", "0") + thing("x", 91, 1, 120, 90)}).scan()
    assert [sample.target for sample in scan.samples] == [(Box("x", 90, 0, 100, 50),)] * 2


def test_difficult_boxes_are_kept_or_left_out(source):
    content = {"a": SIZE + thing("x", 1, 1, 9, 9) + thing("y", 1, 1, 9, 9, more="<difficult>1</difficult>")}
    assert len(source(content).scan().samples[0].target) == 2
    scan = source(content, keep_difficult=False).scan()
    assert [box.label for box in scan.samples[0].target] == ["x"]
    assert list(scan.labels) == ["x"]
    assert list(scan.notes) == ["1 difficult box left out"]


def test_boxes_of_parts_do_not_count(source):
    part = "<part><name>head</name><bndbox><xmin>1</xmin></bndbox></part>"
    scan = source({"a": SIZE + thing("person", 1, 1, 9, 9, more=part)}).scan()
    assert [box.label for box in scan.samples[0].target] == ["person"]


BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><annotation>&b;</annotation>'
OUTSIDE = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><annotation>&a;</annotation>'


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (BOMB, "has a DOCTYPE"),
        (OUTSIDE, "has a DOCTYPE"),
        (b'<!DOCTYPE annotation SYSTEM "http://localhost/x.dtd"><annotation/>', "has a DOCTYPE"),
        (BOMB.decode().encode("utf-16"), "has a DOCTYPE"),
        (b"<annotation>&amp;&unknown;</annotation>", "is not well-formed XML"),
        (b"", "is not well-formed XML"),
        (b"<annotation><object>", "is not well-formed XML"),
        (b'<?xml version="1.0" encoding="nonsense"?><annotation/>', "is not well-formed XML"),
        (b"\xff\xfe\0", "is not well-formed XML"),
        (SIZE + thing("", 1, 1, 2, 2), "object 1 has no name"),
        (SIZE + thing("x", 1, 1, 9, 9) + "<object><name>y</name></object>", "object 2 (y) has bndbox/xmin ''"),
        (SIZE + thing("x", 1, "nan", 9, 9), "object 1 (x) has bndbox/ymin 'nan'; it should be a number"),
        (SIZE + thing("x", 1, "1e999", 9, 9), "object 1 (x) has bndbox/ymin '1e999'"),
    ],
)
def test_wrong_files_are_named_with_the_reason(source, content, said):
    message, wrong = refused(source({"good": SIZE + thing("x", 1, 1, 9, 9), "bad": content}))
    assert message.startswith("1 XML file of ")
    assert [name for name, _ in wrong] == ["Annotations/bad.xml"]
    assert said in wrong[0][1]


def test_endless_files_are_refused(source, monkeypatch):
    monkeypatch.setattr("kerascnn.sources.pascal_voc.MAX_BYTES", 1_000)
    assert refused(source({"a": " " * 1_000}))[1] == [("Annotations/a.xml", "is larger than 1000 bytes")]


def test_whatever_is_missing_is_named(source, tmp_path):
    made = source(dict.fromkeys("ab", SIZE), {"train": ["a", "b", "gone"], "val": ["a"]})
    first = f"{tmp_path}/ImageSets/Main/train.txt:1"
    assert refused(made)[1] == [("ImageSets/Main/val.txt:1", f"names a a second time; the first is {first}")]
    (tmp_path / "ImageSets/Main/val.txt").unlink()
    (tmp_path / "JPEGImages/b.jpg").unlink()
    _, wrong = refused(made)
    assert wrong == [
        ("Annotations/b.xml", "has no picture b in JPEGImages"),
        ("ImageSets/Main/train.txt:3", "names gone; there is no gone.xml in Annotations"),
    ]


def test_another_layout_is_an_error(source, tmp_path):
    with pytest.raises(DataError, match="there is no folder JPEGImages and no folder Annotations in it"):
        make("source", "pascal_voc", path=str(tmp_path)).scan()
    with pytest.raises(DataError, match="no annotated pictures"):
        source({}).scan()
    with pytest.raises(DataError, match="there is no box in any"):
        source({"a": SIZE}).scan()
