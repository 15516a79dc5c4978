"""Boxes in the JSON files of COCO."""

import json

import pytest

from kerascnn.errors import DataError
from kerascnn.spec import Box
from kerascnn.testing import check_component
from tests.helpers import make

CATEGORIES = [{"id": 7, "name": "dog"}, {"id": 3, "name": "cat"}]


def image(key, name=None, width=100, height=50, **more):
    return {"id": key, "file_name": name or f"{key}.jpg", "width": width, "height": height, **more}


def box(key, of, category, bbox, **more):
    return {"id": key, "image_id": of, "category_id": category, "bbox": bbox, **more}


@pytest.fixture
def source(tmp_path):
    """Write JSON files by the field that names them, with the pictures of them, and return the source."""

    def source(images=(), annotations=(), categories=CATEGORIES, others=None, **parameters):
        trees = {"annotations": {"images": images, "annotations": annotations, "categories": categories}}
        for field, tree in {**trees, **(others or {})}.items():
            content = tree if isinstance(tree, str) else json.dumps(tree)
            (tmp_path / f"{field}.json").write_text(content)
            parameters[field] = str(tmp_path / f"{field}.json")
            for item in tree.get("images", ()) if isinstance(tree, dict) else ():
                if isinstance(item, dict) and isinstance(item.get("file_name"), str) and ".." not in item["file_name"]:
                    path = tmp_path / "images" / item["file_name"].lstrip("/")
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.touch()
        (tmp_path / "images").mkdir(exist_ok=True)
        return make("source", "coco", images=str(tmp_path / "images"), **parameters)

    return source


def refused(source):
    with pytest.raises(DataError) as caught:
        source.scan()
    folder = source.images.removesuffix("images")
    return str(caught.value).splitlines()[0].replace(folder, ""), [
        (name.replace(folder, ""), why.replace(folder, "")) for name, why in caught.value.files
    ]


def test_boxes_are_left_top_width_height(source, tmp_path):
    outline = {"segmentation": [[1, 2, 3, 4]], "area": 12.5}
    made = source(
        [image(5, "sub/a.jpg", license=1), image(2)],
        [box(1, 5, 3, [10, 20, 30, 5.5], iscrowd=0, **outline), box(2, 5, 7, [0, 0, 100, 50])],
    )
    check_component(made)
    scan = made.scan()
    assert made.target == "boxes"
    first, second = scan.samples
    assert (first.id, first.payload, first.split) == ("sub/a.jpg", tmp_path / "images/sub/a.jpg", None)
    assert first.target == (Box("cat", 10, 20, 40, 25.5), Box("dog", 0, 0, 100, 50))
    assert second.target == ()
    assert first.origin == f"{tmp_path}/annotations.json: image 5"
    assert list(scan.labels) == ["dog", "cat"], "in the order of the file"
    assert scan == made.scan()


def test_crowds_are_left_out_with_a_note(source):
    scan = source([image(1)], [box(1, 1, 3, [0, 0, 9, 9], iscrowd=1), box(2, 1, 3, [0, 0, 5, 5])]).scan()
    assert len(scan.samples[0].target) == 1
    assert list(scan.notes) == ["1 box of a crowd left out"]


def test_boxes_without_area_and_outside_are_found(source):
    boxes = [box(1, 1, 3, [5, 5, 0, 9]), box(2, 1, 3, [5, 5, -3, 9]), box(3, 1, 3, [90, 40, 30, 30])]
    scan = source([image(1)], boxes).scan()
    assert scan.samples[0].target == (Box("cat", 90, 40, 100, 50),)
    assert [(found.id, found.samples) for found in scan.findings] == [
        ("empty-box", ("1.jpg",)), ("box-outside", ("1.jpg",))
    ]  # fmt: skip


def test_each_split_has_its_file(source, tmp_path):
    def tree(name, key):
        return {"images": [image(key, name)], "annotations": [box(1, key, 1, [0, 0, 5, 5])],
                "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "cow"}]}  # fmt: skip

    others = {"validation_annotations": tree("2.jpg", 1), "test_annotations": tree("3.jpg", 1)}
    scan = source([image(1)], [box(1, 1, 3, [0, 0, 5, 5])], others=others).scan()
    assert [(s.id, s.split, s.target[0].label) for s in scan.samples] == [
        ("train/1.jpg", "train", "cat"), ("validation/2.jpg", "validation", "cat"), ("test/3.jpg", "test", "cat")
    ]  # fmt: skip
    assert list(scan.labels) == ["dog", "cat", "cow"]


def test_a_split_may_have_a_folder_of_its_own(source, tmp_path):
    (tmp_path / "others").mkdir()
    (tmp_path / "others/1.jpg").touch()
    others = {"test_annotations": {"images": [image(1)], "annotations": [], "categories": []}}
    scan = source([image(1)], others=others, test_images=str(tmp_path / "others")).scan()
    assert [sample.payload for sample in scan.samples] == [tmp_path / "images/1.jpg", tmp_path / "others/1.jpg"]
    with pytest.raises(DataError, match="test_images goes together with test_annotations"):
        source([image(1)], test_images=str(tmp_path / "others")).scan()


def test_a_picture_in_two_splits_is_refused(source):
    others = {"test_annotations": {"images": [image(1)], "annotations": [], "categories": []}}
    _, wrong = refused(source([image(1)], others=others))
    assert wrong == [
        ("test_annotations.json: image 1",
         "names images/1.jpg a second time; the first is annotations.json: image 1")
    ]  # fmt: skip


def test_every_wrong_entry_is_named(source):
    images = [
        image(1), image(1, "b.jpg"), image(2, "../c.jpg"), image(3, "/etc/passwd"), {"id": 4}, 5,
        image(6, width=0), image(7, height="9"), {"file_name": "x.jpg"}, image(8, "1.jpg"), image(True),
    ]  # fmt: skip
    annotations = [
        box(1, 99, 3, [0, 0, 1, 1]), box(2, 1, 99, [0, 0, 1, 1]), box(3, 1, 3, [0, 0, 1]), box(4, 1, 3, None),
        box(5, 1, 3, [0, 0, True, 1]), box(6, 1, [3], [0, 0, 1, 1]), None,
    ]  # fmt: skip
    categories = [*CATEGORIES, {"id": 7, "name": "x"}, {"id": 8, "name": ""}, {"id": 9, "name": "cat"}, "x"]
    message, wrong = refused(source(images, annotations, categories))
    assert message == "21 entries of annotations.json cannot be used"
    assert [name.removeprefix("annotations.json: ") for name, _ in wrong] == [
        "category 7", "category 8", "category 9", "category at place 5",
        "image 1", "image 2", "image 3", "image 4", "image at place 5", "image 6", "image 7", "image at place 8",
        "image 8", "image True",
        "annotation 1", "annotation 2", "annotation 3", "annotation 4", "annotation 5", "annotation 6",
        "annotation at place 6",
    ]  # fmt: skip
    reasons = dict(wrong)
    assert "should lie below the folder" in reasons["annotations.json: image 2"]
    assert "there is no such category" in reasons["annotations.json: annotation 2"]
    assert "should be [left, top, width, height]" in reasons["annotations.json: annotation 5"]


def test_missing_pictures_are_all_named(source, tmp_path):
    made = source([image(1), image(2), image(3)])
    (tmp_path / "images/1.jpg").unlink()
    (tmp_path / "images/3.jpg").unlink()
    assert [why for _, why in refused(made)[1]] == [f"names images/{i}.jpg, which is not there" for i in (1, 3)]


def test_links_are_refused(source, tmp_path):
    made = source([image(1)])
    (tmp_path / "images/1.jpg").unlink()
    (tmp_path / "x.jpg").touch()
    (tmp_path / "images/1.jpg").symlink_to(tmp_path / "x.jpg")
    with pytest.raises(DataError, match="symbolic link"):
        made.scan()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "cannot be read as JSON"),
        ("[1, 2", "cannot be read as JSON"),
        ("[" * 100_000, "cannot be read as JSON"),
        ('{"a": NaN}', "NaN is no JSON number"),
        ('{"images": [], "images": []}', "a key stands twice"),
        ('{"id": ' + "9" * 5_000 + "}", "cannot be read as JSON"),
        ("[]", "has no list 'images'"),
        ('{"images": {}, "annotations": [], "categories": []}', "has no list 'images'"),
        ('{"images": [], "categories": []}', "has no list 'annotations'"),
    ],
)
def test_what_is_no_such_json_is_refused(source, tmp_path, content, said):
    made = source()
    (tmp_path / "annotations.json").write_text(content)
    assert said in refused(made)[0]


def test_nothing_to_learn_from_is_an_error(source, monkeypatch):
    assert "name no pictures" in refused(source())[0]
    assert "name no categories" in refused(source([image(1)], categories=[]))[0]
    monkeypatch.setattr("kerascnn.sources.coco.MAX_BYTES", 10)
    assert "the limit is 10" in refused(source())[0]
