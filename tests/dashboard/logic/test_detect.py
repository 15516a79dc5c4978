"""What a folder or a table is taken for, and what is said where it is nothing. What is proposed can be read."""

import gzip
import json
import struct

import numpy as np
import pytest
from PIL import Image

from kerascnn.errors import DataError
from kerascnn.spec.component import parse_component
from kerascnn.spec.kinds import Source
from kerascnn_dashboard.logic.detect import LOOKS, look
from kerascnn_dashboard.logic.layouts import layout
from kerascnn_dashboard.logic.tasks import ready_tasks


def put(folder, *names, data=b"x"):
    for name in names:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data if isinstance(data, bytes) else data.encode())
    return folder


def picture(folder, *names, size=(8, 6), values=(0, 255)):
    for name in names:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.resize(np.array(values, "uint8"), size[::-1])
        Image.fromarray(pixels).save(file)
    return folder


def sure(path, reads, target):
    """Return the source that is taken without asking, and its scan: what is proposed can be read."""
    found = look(path, reads, target).sure
    assert found is not None
    assert found.why.endswith(".")
    return dict(found.source), parse_component(Source, dict(found.source)).scan()


def said(path, reads, target):
    with pytest.raises(DataError) as caught:
        look(path, reads, target)
    return str(caught.value)


def test_folders_of_pictures_are_classes(tmp_path):
    put(tmp_path, "cat/1.jpg", "cat/more/2.jpg", "dog/3.png", ".DS_Store", "__MACOSX/cat/1.jpg")
    source, scan = sure(tmp_path, "image", "class")
    assert source == {"type": "image_folder", "path": str(tmp_path)}
    assert scan.labels == ["cat", "dog"]


def test_the_only_folder_of_an_archive_is_stepped_into(tmp_path):
    put(tmp_path / "outer/inner", "cat/1.jpg", "dog/3.png")
    assert sure(tmp_path, "image", "class")[0]["path"] == str(tmp_path / "outer/inner")


def test_folders_of_splits_are_seen(tmp_path):
    put(tmp_path, "train/cat/1.jpg", "train/dog/2.jpg", "val/cat/3.jpg", "val/dog/4.jpg")
    _source, scan = sure(tmp_path, "image", "class")
    assert {sample.split for sample in scan.samples} == {"train", "validation"}
    assert "divides them already" in look(tmp_path, "image", "class").sure.why


def test_one_folder_only_is_said_in_a_sentence(tmp_path):
    message = said(put(tmp_path, "cats/1.jpg", "cats/2.jpg"), "image", "class")
    assert "one folder with pictures only, 'cats': the names of the folders are the classes" in message
    assert "2 .jpg" in message
    assert layout("image", "class").splitlines()[0] in message


def test_pictures_in_no_folder_are_said(tmp_path):
    assert "2 pictures in no folder" in said(put(tmp_path, "1.jpg", "2.jpg", "notes/a.md"), "image", "class")


def test_another_kind_of_data_is_nothing(tmp_path):
    message = said(put(tmp_path, "cats/1.jpg", "dogs/2.jpg"), "audio", "class")
    assert message.startswith("Nothing in it looks like data for this task.")


def test_an_empty_folder_is_said(tmp_path):
    assert said(tmp_path, "image", "class").endswith("holds no files")


def test_a_table_of_pictures_is_read_with_its_own_names(tmp_path):
    put(tmp_path, "img/1.jpg", "img/2.jpg", "img/3.jpg")
    (tmp_path / "meta.csv").write_text(
        "File Name,Species,set,patient\n1.jpg,ox,train,a\n2.jpg,elk,test,b\n3.jpg,ox,train,a\n"
    )
    source, scan = sure(tmp_path, "image", "class")
    assert source == {
        "type": "manifest", "path": str(tmp_path / "meta.csv"), "root": str(tmp_path / "img"),
        "path_column": "File Name",
        "label_column": "Species", "split_column": "set", "group_column": "patient",
    }  # fmt: skip
    assert len(scan.samples) == 3


def test_a_table_and_folders_of_classes_are_offered_to_choose_from(tmp_path):
    put(tmp_path, "cat/1.jpg", "dog/2.jpg", data=b"")
    (tmp_path / "labels.csv").write_text("path,label\ncat/1.jpg,a\ndog/2.jpg,b\n")
    found = look(tmp_path, "image", "class")
    assert found.sure is None
    assert [one.source["type"] for one in found.candidates] == ["manifest", "image_folder"]
    assert found.candidates[0].names == ("path", "label")


def test_a_table_alone_asks_for_the_folder_of_the_pictures(tmp_path):
    file = tmp_path / "labels.csv"
    file.write_text("path,label\n1.jpg,a\n2.jpg,b\n")
    (only,) = look(file, "image", "class").candidates
    assert not only.sure
    assert "name the folder" in only.why


def test_several_classes_and_numbers_are_seen_for_their_tasks(tmp_path):
    put(tmp_path, "1.jpg", "2.jpg")
    (tmp_path / "t.csv").write_text("image,tags,age\n1.jpg,sea|sky,3\n2.jpg,,4.5\n")
    source, scan = sure(tmp_path, "image", "classes")
    assert (source["labels_column"], source["separator"]) == ("tags", "|")
    assert scan.labels == ["sea", "sky"]
    source, scan = sure(tmp_path, "image", "values")
    assert source["target_columns"] == ["age"]


def test_a_parquet_table_of_pictures_is_read(tmp_path):
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    put(tmp_path, "1.jpg", "2.jpg")
    pandas.DataFrame({"path": ["1.jpg", "2.jpg"], "label": ["a", "b"]}).to_parquet(tmp_path / "t.parquet")
    _source, scan = sure(tmp_path, "image", "class")
    assert scan.labels == ["a", "b"]


def test_a_table_with_semicolons_is_said(tmp_path):
    put(tmp_path, "1.jpg")
    (tmp_path / "t.csv").write_text("path;label\n1.jpg;a\n")
    assert "divided by another character than a comma; save it as CSV with commas" in said(tmp_path, "image", "class")


def test_masks_are_found_with_their_values(tmp_path):
    picture(tmp_path, "images/a.png", "images/b.png", values=range(48))
    picture(tmp_path, "masks/a.png", "masks/b.png", values=(0, 1, 7))
    source, scan = sure(tmp_path, "image", "mask")
    assert source["values"] == [0, 1, 7]
    assert source["images"].endswith("images")
    assert len(scan.samples) == 2


def test_folders_of_pictures_and_masks_are_no_classes(tmp_path):
    picture(tmp_path, "images/a.png", "masks/a.png")
    assert look(tmp_path, "image", "class").sure is None


def test_boxes_of_yolo_are_found_with_and_without_names(tmp_path):
    picture(tmp_path, "images/train/1.png", "images/val/2.png")
    put(tmp_path, "labels/train/1.txt", "labels/val/2.txt", data=b"1 0.5 0.5 0.2 0.2\n")
    (only,) = look(tmp_path, "image", "boxes").candidates
    assert (only.sure, only.source["class_names"]) == (False, ["class 0", "class 1"])
    assert len(parse_component(Source, dict(only.source)).scan().samples) == 2
    put(tmp_path, "classes.txt", data=b"cat\ndog\n")
    assert sure(tmp_path, "image", "boxes")[1].labels == ["cat", "dog"]


def test_boxes_of_pascal_voc_are_found_below_other_folders(tmp_path):
    root = picture(tmp_path / "VOCdevkit/VOC2007", "JPEGImages/1.png")
    box = "<object><name>cat</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>4</xmax><ymax>4</ymax></bndbox></object>"
    put(root, "Annotations/1.xml", data=f"<annotation>{box}</annotation>")
    put(tmp_path, "VOCdevkit/readme.txt")
    source, _scan = sure(tmp_path, "image", "boxes")
    assert source == {"type": "pascal_voc", "path": str(root)}


def coco(file, *names):
    images = [{"id": i, "file_name": name, "width": 8, "height": 6} for i, name in enumerate(names)]
    boxes = [{"id": i, "image_id": i, "category_id": 1, "bbox": [1, 1, 2, 2], "iscrowd": 0} for i in range(len(names))]
    put(file.parent, file.name, data=json.dumps(
        {"images": images, "annotations": boxes, "categories": [{"id": 1, "name": "cat"}]}))  # fmt: skip


def test_boxes_of_coco_are_found_with_their_splits(tmp_path):
    picture(tmp_path, "train2017/1.png", "val2017/2.png")
    coco(tmp_path / "annotations/instances_train2017.json", "1.png")
    coco(tmp_path / "annotations/instances_val2017.json", "2.png")
    source, scan = sure(tmp_path, "image", "boxes")
    assert source["images"] == str(tmp_path / "train2017")
    assert source["validation_images"] == str(tmp_path / "val2017")
    assert {sample.split for sample in scan.samples} == {"train", "validation"}


def test_coco_without_its_pictures_is_said(tmp_path):
    coco(tmp_path / "boxes.json", "1.png")
    assert "1.png, is not there" in said(tmp_path, "image", "boxes")


def test_idx_files_are_found(tmp_path):
    images = struct.pack(">I3I", 0x803, 2, 3, 3) + bytes(18)
    put(tmp_path, "MNIST/raw/train-images-idx3-ubyte.gz", data=gzip.compress(images))
    put(tmp_path, "MNIST/raw/train-labels-idx1-ubyte.gz", data=gzip.compress(struct.pack(">II", 0x801, 2) + b"\0\1"))
    _source, scan = sure(tmp_path, "image", "class")
    assert len(scan.samples) == 2


def test_arrays_of_pictures_are_found_with_their_names(tmp_path):
    file = tmp_path / "a.npz"
    np.savez(
        file, x_train=np.zeros((4, 5, 5), "uint8"), y_train=np.arange(4), x_test=np.zeros((2, 5, 5), "uint8"),
        y_test=np.arange(2),
    )  # fmt: skip
    source, scan = sure(file, "image", "class")
    assert source == {
        "type": "arrays", "path": str(file), "images_key": "x_train", "labels_key": "y_train",
        "test_images_key": "x_test",
        "test_labels_key": "y_test",
    }  # fmt: skip
    assert len(scan.samples) == 6


def test_two_npy_files_belong_together(tmp_path):
    np.save(tmp_path / "pictures.npy", np.zeros((4, 5, 5, 3), "uint8"))
    np.save(tmp_path / "labels.npy", np.arange(4))
    source, _scan = sure(tmp_path, "image", "class")
    assert source["labels_path"].endswith("labels.npy")


def test_arrays_that_do_not_fit_are_said(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.zeros((4, 5, 5), "float32"), y=np.arange(3))
    assert "a.npz holds no pictures with as many labels (it holds x (4, 5, 5), y (3,))" in said(
        tmp_path, "image", "class"
    )


def test_texts_are_found_in_folders(tmp_path):
    put(tmp_path, "praise/1.txt", "blame/2.txt", data=b"some words")
    assert sure(tmp_path, "text", "class")[0]["type"] == "text_folder"


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl"])
def test_texts_are_found_in_tables(tmp_path, ending):
    rows = [("I liked it, truly.", "praise"), ("Never again.", "blame"), ("So so.", "blame")]
    mark = {"csv": ",", "tsv": "\t"}.get(ending)
    file = tmp_path / f"t.{ending}"
    if mark:
        file.write_text("\n".join(mark.join(f'"{cell}"' for cell in row) for row in [("Review", "Sentiment"), *rows]))
    else:
        file.write_text("\n".join(json.dumps({"Review": text, "Sentiment": label}) for text, label in rows))
    source, scan = sure(file, "text", "class")
    assert (source["text_column"], source["label_column"]) == ("Review", "Sentiment")
    assert scan.labels == ["blame", "praise"]


def test_columns_of_other_names_are_guessed_but_asked_for(tmp_path):
    lines = [f"some longer words {i},{'ab'[i % 2]}" for i in range(12)]
    (tmp_path / "t.csv").write_text("\n".join(["foo,bar", *lines]))
    (only,) = look(tmp_path, "text", "class").candidates
    assert not only.sure
    assert (only.source["text_column"], only.source["label_column"]) == ("foo", "bar")


def test_labels_before_texts_are_found(tmp_path):
    (tmp_path / "t.txt").write_text("".join(f"__label__{'ab'[i % 2]} some words {i}\n" for i in range(12)))
    assert sure(tmp_path, "text", "class")[0]["type"] == "text_lines"


def wide(header, labels, length=10):
    lines = [",".join(map(str, [label, *np.round(np.arange(length) * 0.1 + i, 2)])) for i, label in enumerate(labels)]
    return "\n".join([header, *lines] if header else lines)


def test_a_wide_table_of_series_is_found(tmp_path):
    file = tmp_path / "s.csv"
    file.write_text(wide("label," + ",".join(f"t{i}" for i in range(10)), "aabb"))
    source, scan = sure(file, "series", "class")
    assert (source["label_column"], scan.samples[0].payload.shape) == ("label", (10, 1))


def test_a_wide_table_without_a_header_is_found(tmp_path):
    file = tmp_path / "s.csv"
    file.write_text(wide("", [1, 1, 2, 2]))
    source, scan = sure(file, "series", "class")
    assert (source["header"], scan.labels) == (False, ["1", "2"])


def test_a_long_table_of_series_is_found(tmp_path):
    file = tmp_path / "s.csv"
    rows = [f"{name},{time},{'ab'[name % 2]},{time * 0.1}" for name in range(4) for time in range(5)]
    file.write_text("\n".join(["id,time,label,power", *rows]))
    source, scan = sure(file, "series", "class")
    assert (source["layout"], source["id_column"], source["time_column"]) == ("long", "id", "time")
    assert len(scan.samples) == 4


def test_a_forecast_asks_for_its_steps(tmp_path):
    file = tmp_path / "s.csv"
    file.write_text(
        "\n".join(["date,power", *(f"2024-01-{1 + i // 24:02d}T{i % 24:02d}:00,{i % 24}" for i in range(500))])
    )
    (only,) = look(file, "series", "forecast").candidates
    assert not only.sure
    assert (only.source["time_column"], only.source["value_columns"]) == ("date", ["power"])
    assert parse_component(Source, dict(only.source)).scan().samples


def test_ts_files_are_found_with_their_test_part(tmp_path):
    text = "@problemName x\n@univariate true\n@classLabel true a b\n@data\n1,2,3:a\n3,2,1:b\n"
    put(tmp_path, "X_TRAIN.ts", "X_TEST.ts", data=text)
    source, scan = sure(tmp_path, "series", "class")
    assert source["test_path"].endswith("X_TEST.ts")
    assert len(scan.samples) == 4
    put(tmp_path, "X_TRAIN.ts", "X_TEST.ts", data=text.replace("@classLabel true a b", "@targetlabel true").replace(
        ":a", ":1.5").replace(":b", ":2"))  # fmt: skip
    assert sure(tmp_path, "series", "values")[0]["target_kind"] == "value"


def test_arrays_of_series_are_found(tmp_path):
    np.savez(tmp_path / "s.npz", x=np.zeros((4, 20, 2), "float32"), y=np.array(["a", "b", "a", "b"]))
    source, _scan = sure(tmp_path, "series", "class")
    assert (source["series_key"], source["labels_key"]) == ("x", "y")
    np.savez(tmp_path / "s.npz", x=np.zeros((4, 20, 2), "float32"), y=np.arange(4) * 0.5)
    assert sure(tmp_path, "series", "values")[0]["target_kind"] == "value"


def test_sounds_are_found_in_folders_and_tables(tmp_path):
    put(tmp_path / "a", "rain/1.wav", "wind/2.wav")
    assert sure(tmp_path / "a", "audio", "class")[0]["type"] == "audio_folder"
    put(tmp_path / "b", "1.wav", "2.wav")
    (tmp_path / "b/list.csv").write_text("file,label\n1.wav,rain\n2.wav,wind\n")
    assert sure(tmp_path / "b", "audio", "class")[0]["type"] == "audio_manifest"


def test_every_task_has_a_layout_and_every_source_of_files_a_look():
    for about in ready_tasks().values():
        if "." not in about.name:
            assert "\n" in layout(about.reads, about.target)
    from kerascnn.spec.component import components

    with_paths = {name for name, cls in components("source").items() if cls.paths and "." not in name}
    assert with_paths == set(LOOKS)
