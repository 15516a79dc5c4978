import os
import shutil
import types

import numpy as np
import psutil
import pytest
from PIL import Image

from kerascnn.engine.data import anchor, load_data, scan_info
from kerascnn.engine.held import HeldSplit
from kerascnn.engine.media.image import ImageForm
from kerascnn.engine.pictures import read_picture
from kerascnn.engine.progress import Progress
from kerascnn.engine.stream import Stream
from kerascnn.errors import DataError, UsageError
from kerascnn.runs.atomic import read_json_lines, write_json_lines
from kerascnn.sources.image_folder import ImageFolder
from kerascnn.spec import Sample, Scan
from tests.engine.made import make_folder, make_spec

MEASURED = {"normalize": "standardize"}


@pytest.fixture
def folder(tmp_path):
    return make_folder(tmp_path / "data", {"cat": 20, "dog": 12})


def load_split(spec, manifest, form, split):
    return HeldSplit(spec, manifest, form, split).whole()


def refuse(spec):
    load_data(spec).refuse_errors(spec.data.allow)


def save(path, size, mode="L"):
    Image.new(mode, size).save(path)


def test_every_sample_is_read_and_divided(folder):
    data = load_data(make_spec(folder))
    assert data.info.shape == (8, 8, 1)
    assert data.info.labels == ("cat", "dog")
    assert data.info.counts == {
        "train": {"cat": 10, "dog": 6},
        "validation": {"cat": 5, "dog": 3},
        "test": {"cat": 5, "dog": 3},
    }
    assert data.elements.form == ImageForm((8, 8), "letterbox", 1)
    indices = [data.indices(split) for split in ("train", "validation", "test")]
    assert sorted(np.concatenate(indices)) == list(range(32))
    for i in (0, 7, 31):
        line = data.manifest[i]
        picture = read_picture(folder / line["id"], data.elements.form)
        assert np.array_equal(data.elements.take(np.array([i]))[0], picture.pixels)
        assert (line["sha256"], line["height"], line["width"]) == (picture.sha256, 8, 8)
        assert line["label"] == data.info.labels[data.answers.all[i]] == line["id"].split("/")[0]
        assert line["split"] == data.parts[i]


def test_pictures_of_several_sizes_want_an_image_size(folder):
    for i in range(3):
        save(folder / "cat" / f"wide{i}.png", (30, 10))
    save(folder / "dog" / "tall.png", (5, 9))
    with pytest.raises(DataError) as caught:
        load_data(make_spec(folder))
    assert "3 different sizes, such as 8 x 8 (32), 10 x 30 (3), 9 x 5 (1) (height x width, count)" in str(caught.value)
    assert "data.image_size" in str(caught.value)
    assert caught.value.exit_code == 3
    data = load_data(make_spec(folder, data={"image_size": [12, 16]}))
    assert data.info.shape == (12, 16, 1)
    assert data.elements.form.size == (12, 16)
    assert {(line["height"], line["width"]) for line in data.manifest} == {(8, 8), (10, 30), (9, 5)}


def test_every_bad_picture_is_named_with_its_reason(folder):
    (folder / "cat" / "empty.png").write_bytes(b"")
    (folder / "dog" / "text.jpg").write_text("no picture")
    half = (folder / "dog" / "000.png").read_bytes()
    (folder / "dog" / "half.png").write_bytes(half[: len(half) // 2])
    with pytest.raises(DataError, match="3 of 35 pictures cannot be read") as caught:
        refuse(make_spec(folder))
    assert [name for name, _ in caught.value.files] == [
        str(folder / name) for name in ("cat/empty.png", "dog/half.png", "dog/text.jpg")
    ]
    reasons = [reason for _, reason in caught.value.files]
    assert reasons[0] == "is empty (0 bytes)"
    assert reasons[1].startswith("is damaged: ")
    assert reasons[2] == "is not a picture of a known format"
    assert all(f"  {name}: {reason}" in str(caught.value) for name, reason in caught.value.files)


def test_a_bad_picture_of_a_table_is_named_with_its_row(folder):
    (folder / "bad.png").write_bytes(b"")
    rows = ["path,label", "cat/000.png,cat", "dog/000.png,dog", "bad.png,dog"]
    (folder / "labels.csv").write_text("\n".join(rows))
    with pytest.raises(DataError) as caught:
        refuse(
            make_spec(
                {"type": "manifest", "path": str(folder / "labels.csv")},
                data={"split": {"validation": 0, "test": 0}},
            )
        )
    assert caught.value.files == ((f"{folder / 'bad.png'} ({folder / 'labels.csv'}:4)", "is empty (0 bytes)"),)


def test_a_bad_array_is_named_by_its_id(folder, monkeypatch):
    arrays = [Sample(f"a/{i}", np.zeros((8, 8, 1 + i % 2), "uint8"), "ab"[i % 2]) for i in range(6)]
    monkeypatch.setattr(ImageFolder, "scan", lambda self: Scan(arrays, ["a", "b"]))
    with pytest.raises(DataError) as caught:
        refuse(make_spec(folder, data={"split": {"validation": 0, "test": 0}}))
    assert [name for name, _ in caught.value.files] == ["a/1", "a/3", "a/5"]


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ({"cat": 9}, "there is only one class, 'cat'"),
        ({"cat": 9, "dog": 9, "bird": 0}, "1 class has no sample\n  bird: is an empty class"),
        ({"cat": 0, "dog": 0}, "the source holds no sample"),
        ({}, "has no folders"),
    ],
)
def test_classes_that_cannot_be_learnt_are_data_errors(tmp_path, counts, message):
    make_folder(tmp_path, counts)
    spec = make_spec(tmp_path)
    for load in (load_data, scan_info):
        with pytest.raises(DataError) as caught:
            load(spec)
        assert message in str(caught.value)


def test_a_class_that_is_not_in_train_is_a_data_error(tmp_path):
    make_folder(tmp_path / "train", {"cat": 5, "dog": 5})
    make_folder(tmp_path / "test", {"cat": 3, "dog": 3, "bird": 2})
    with pytest.raises(DataError, match="1 class has no sample to train on") as caught:
        load_data(make_spec(tmp_path))
    assert caught.value.files == (("bird", "has none in train"),)


def test_parts_of_the_source_stay(tmp_path):
    make_folder(tmp_path / "train", {"cat": 20, "dog": 20})
    make_folder(tmp_path / "val", {"cat": 3, "dog": 3}, seed=1)
    data = load_data(make_spec(tmp_path, data={"split": {"validation": 0.5, "test": 0.1}}))
    assert data.info.counts == {
        "train": {"cat": 18, "dog": 18},
        "validation": {"cat": 3, "dog": 3},
        "test": {"cat": 2, "dog": 2},
    }


def test_grey_pictures_among_coloured_ones_become_rgb(folder):
    save(folder / "cat" / "red.png", (8, 8), "RGB")
    data = load_data(make_spec(folder, preprocess=MEASURED))
    assert data.info.shape == (8, 8, 3)
    assert data.elements.form.channels == 3
    for i, line in enumerate(data.manifest):
        expected = read_picture(folder / line["id"], data.elements.form).pixels
        assert np.array_equal(data.elements.take(np.array([i]))[0], expected)
    assert len(data.info.mean) == len(data.info.variance) == 3


@pytest.mark.parametrize(("color", "channels"), [("rgb", 3), ("grayscale", 1)])
def test_the_spec_may_say_the_channels(folder, color, channels):
    save(folder / "cat" / "red.png", (8, 8), "RGB")
    assert load_data(make_spec(folder, data={"color": color})).info.shape == (8, 8, channels)
    assert scan_info(make_spec(folder, data={"color": color})).shape == (8, 8, channels)


def stream_of(data):
    train = data.indices("train")
    return Stream(data.elements.take, train, data.answers.of, batch_size=5, seed=0)


@pytest.mark.parametrize("bytes_free", [0, 3000])
@pytest.mark.parametrize("size", [None, [6, 10]])
def test_pictures_that_do_not_fit_into_memory_are_decoded_anew_and_equal(folder, monkeypatch, size, bytes_free):
    save(folder / "cat" / "red.png", (8, 8), "RGB")
    spec = make_spec(folder, data={"image_size": size})
    held = load_data(spec)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: types.SimpleNamespace(available=bytes_free))
    monkeypatch.setattr(shutil, "disk_usage", lambda path: types.SimpleNamespace(free=0))
    anew = load_data(spec)
    assert held.elements.where == "held in memory"
    assert anew.elements.where == "decoded anew for each batch"
    assert anew.info == held.info
    assert anew.fingerprint == held.fingerprint
    for step in range(8):
        for one, other in zip(stream_of(held).batch(step), stream_of(anew).batch(step), strict=True):
            assert np.array_equal(one, other)


def test_a_picture_that_went_away_after_the_check_is_named(folder, monkeypatch):
    data = load_data(make_spec(folder, data={"cache": "none"}))
    (folder / "cat" / "003.png").unlink()
    with pytest.raises(DataError, match="cannot be read any more") as caught:
        data.elements.take(np.array([2, 3, 4]))
    assert caught.value.files == ((str(folder / "cat" / "003.png"), "is not there"),)


def test_mean_and_variance_are_those_of_numpy():
    data = load_data(make_spec({"type": "digits"}, preprocess=MEASURED))
    train = data.elements.take(data.indices("train")).astype("float64")
    assert data.info.mean == pytest.approx(train.mean((0, 1, 2)), rel=1e-12)
    assert data.info.variance == pytest.approx(train.var((0, 1, 2)), rel=1e-12)


def test_each_channel_has_a_mean_and_a_variance_of_its_own(tmp_path):
    make_folder(tmp_path, {"a": 9, "b": 9}, channels=3)
    for i in range(9):
        Image.new("RGB", (8, 8), (255, 7, 0)).save(tmp_path / "a" / f"{i:03d}.png")
    data = load_data(make_spec(tmp_path, preprocess=MEASURED))
    train = data.elements.take(data.indices("train")).astype("float64")
    assert data.info.mean == pytest.approx(train.mean((0, 1, 2)), rel=1e-12)
    assert data.info.variance == pytest.approx(train.var((0, 1, 2)), rel=1e-12)
    assert data.info.mean[0] > data.info.mean[1] > data.info.mean[2]


def test_the_variance_of_equal_pictures_is_zero(tmp_path):
    for label in "ab":
        (tmp_path / label).mkdir()
        for i in range(8):
            Image.new("L", (8, 8), 77).save(tmp_path / label / f"{i}.png")
    info = load_data(make_spec(tmp_path, preprocess=MEASURED)).info
    assert (info.mean, info.variance) == ((77.0,), (0.0,))


def test_the_fingerprint_is_of_content_label_and_split_and_not_of_order(folder, monkeypatch):
    spec = make_spec(folder)
    first = load_data(spec).fingerprint
    assert load_data(spec).fingerprint == first
    scan = ImageFolder.scan

    def backwards(self):
        found = scan(self)
        return Scan(found.samples[::-1], found.labels, found.notes)

    with monkeypatch.context() as patch:
        patch.setattr(ImageFolder, "scan", backwards)
        assert load_data(spec).fingerprint == first
    others = {load_data(make_spec(folder, seed=1)).fingerprint}
    picture = folder / "cat" / "000.png"
    before = picture.read_bytes()
    save(picture, (8, 8))
    others.add(load_data(spec).fingerprint)
    picture.write_bytes(before)
    assert load_data(spec).fingerprint == first
    picture.rename(folder / "dog" / "x.png")
    others.add(load_data(spec).fingerprint)
    assert len(others - {first}) == 3


def test_names_of_other_bytes_than_utf8_survive_the_manifest(folder, tmp_path):
    odd = os.fsdecode(b"caf\xe9.png")
    (folder / "cat" / "000.png").rename(folder / "cat" / odd)
    spec = make_spec(folder)
    data = load_data(spec)
    write_json_lines(tmp_path / "lines", data.manifest)
    assert read_json_lines(tmp_path / "lines") == data.manifest
    assert f"cat/{odd}" in {line["id"] for line in data.manifest}
    assert len(data.fingerprint) == 64
    assert sum(len(load_split(spec, data.manifest, data.elements.form, split)[1]) for split in data.info.counts) == 32


def test_progress_is_told_of_every_picture(folder):
    told = []

    class Count(Progress):
        def count(self, what, total):
            told.append((what, total))
            return super().count(what, total)

    load_data(make_spec(folder), Count())
    assert told == [("reading pictures", 32)]


# A split of a run, read again.


def test_a_split_is_read_as_it_was(folder):
    spec = make_spec(folder)
    data = load_data(spec)
    pictures, classes = load_split(spec, data.manifest, data.elements.form, "test")
    assert np.array_equal(pictures, data.elements.take(data.indices("test")))
    assert np.array_equal(classes, data.answers.all[data.indices("test")])


def test_changes_outside_the_split_do_not_matter(folder):
    spec = make_spec(folder)
    data = load_data(spec)
    train = next(line["id"] for line in data.manifest if line["split"] == "train")
    save(folder / train, (8, 8))
    save(folder / "cat" / "new.png", (8, 8))
    assert len(load_split(spec, data.manifest, data.elements.form, "test")[1]) == 8


def test_changed_broken_and_vanished_samples_are_all_named(folder):
    spec = make_spec(folder)
    data = load_data(spec)
    changed, broken, gone, moved, *_ = [line["id"] for line in data.manifest if line["split"] == "test"]
    save(folder / changed, (8, 8))
    (folder / broken).write_bytes(b"")
    (folder / gone).unlink()
    (folder / moved).rename(folder / "dog" / "moved.png")
    with pytest.raises(DataError, match="the test split is not what the run was made with") as caught:
        load_split(spec, data.manifest, data.elements.form, "test")
    assert dict(caught.value.files) == {
        str(folder / changed): "has other content than when the run was trained",
        str(folder / broken): "is empty (0 bytes)",
        gone: "is not in the source any more",
        moved: "is not in the source any more",
    }


def test_a_relabelled_sample_is_named(folder):
    names = [f"{label}/{i:03d}.png" for label in ("cat", "dog") for i in range(12)]
    table = folder / "labels.csv"
    table.write_text("path,label\n" + "".join(f"{name},{name[:3]}\n" for name in names))
    spec = make_spec({"type": "manifest", "path": str(table)})
    data = load_data(spec)
    wrong = next(line["id"] for line in data.manifest if line["split"] == "test" and line["label"] == "cat")
    table.write_text(table.read_text().replace(f"{wrong},cat", f"{wrong},dog"))
    with pytest.raises(DataError) as caught:
        load_split(spec, data.manifest, data.elements.form, "test")
    [(name, reason)] = caught.value.files
    assert name.startswith(f"{folder / wrong} ({table}:")
    assert reason == "is labelled dog now than when the run was trained"


def test_a_class_that_came_or_went_is_named(folder):
    spec = make_spec(folder)
    data = load_data(spec)
    make_folder(folder, {"bird": 3})
    with pytest.raises(DataError, match="other classes than when the run was trained") as caught:
        load_split(spec, data.manifest, data.elements.form, "test")
    assert caught.value.files == (("bird", "is a class that the run does not know"),)
    (folder / "bird").rename(folder.parent / "bird")
    (folder / "cat").rename(folder.parent / "cat")
    with pytest.raises(DataError) as caught:
        load_split(spec, data.manifest, data.elements.form, "test")
    assert caught.value.files == (("cat", "is not a class any more"),)


def test_a_split_that_the_run_does_not_have_is_a_usage_error(folder):
    spec = make_spec(folder, data={"split": {"validation": 0.25, "test": 0}})
    data = load_data(spec)
    with pytest.raises(UsageError, match="this run has no test split; it has train, validation"):
        load_split(spec, data.manifest, data.elements.form, "test")


# Paths and info.


def test_anchoring_makes_the_paths_of_the_source_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/somebody")
    assert anchor(make_spec({"type": "image_folder", "path": "a/../data"})).data.source.path == str(tmp_path / "data")
    assert anchor(make_spec({"type": "image_folder", "path": "~/d"})).data.source.path == "/home/somebody/d"
    table = anchor(make_spec({"type": "manifest", "path": "x.csv", "root": None})).data.source
    assert (table.path, table.root) == (str(tmp_path / "x.csv"), None)
    digits = make_spec({"type": "digits"})
    assert anchor(digits) == digits


def test_anchoring_twice_changes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    spec = anchor(make_spec({"type": "image_folder", "path": "data"}))
    monkeypatch.chdir("/")
    assert anchor(spec) == spec


def test_the_info_of_a_scan_is_that_of_its_first_picture(folder):
    info = scan_info(make_spec(folder, data={"image_size": [10, 12], "color": "rgb"}))
    assert (info.shape, info.labels, info.counts, info.mean) == ((10, 12, 3), ("cat", "dog"), {}, None)
    (folder / "cat" / "000.png").write_bytes(b"")
    with pytest.raises(DataError, match="a picture cannot be read") as caught:
        scan_info(make_spec(folder))
    assert caught.value.files == ((str(folder / "cat" / "000.png"), "is empty (0 bytes)"),)
