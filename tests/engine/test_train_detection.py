"""Detection from pictures with boxes to a report: one short training for the whole module."""

import json
import types

import keras
import numpy as np
import pytest
from PIL import Image

from kerascnn import Run
from kerascnn.engine.build import build
from kerascnn.engine.data import load_data
from kerascnn.engine.stream import Stream
from kerascnn.engine.train import train
from kerascnn.runs.each import read_figures
from kerascnn.spec import DataInfo, spec_from_dict
from kerascnn.testing import check_plain_keras

LABELS = ("big", "small")
SIDES = {"big": 20, "small": 8}
STAGES = [{"epochs": 8, "learning_rate": 1e-2, "schedule": {"type": "cosine"}}]


def make_yolo(root, count, *, size=(48, 64), seed=0):
    """Write pictures of one or two squares on noise, the small ones red and the big ones blue, and return the root."""
    rng = np.random.default_rng(seed)
    for folder in ("images", "labels"):
        (root / folder).mkdir(parents=True)
    for i in range(count):
        pixels, lines = rng.integers(0, 40, (*size, 3), dtype="uint8"), []
        for label in rng.permutation(LABELS)[: rng.integers(1, 3)]:
            side = SIDES[label]
            # One in the left half, the other in the right one.
            left = int(rng.integers(0, size[1] // 2 - side)) + (size[1] // 2 if label == "small" else 0)
            top = int(rng.integers(0, size[0] - side))
            pixels[top : top + side, left : left + side] = (250, 0, 0) if label == "small" else (0, 0, 250)
            middle = (left + side / 2) / size[1], (top + side / 2) / size[0]
            lines.append(f"{LABELS.index(label)} {middle[0]} {middle[1]} {side / size[1]} {side / size[0]}")
        Image.fromarray(pixels).save(root / f"images/{i:03d}.png")
        (root / f"labels/{i:03d}.txt").write_text("\n".join(lines))
    return root


def make_spec(root, *, data=None, preprocess=None, **train):
    return spec_from_dict({
        "kerascnn": 1,
        "name": "squares",
        "task": {"type": "object_detection", "most_boxes": 4},
        "data": {
            "source": {"type": "yolo", "path": str(root), "class_names": list(LABELS)},
            "split": {"validation": 0.2, "test": 0.2},
            **(data or {}),
        },
        "augment": [{"type": "random_flip", "mode": "both"}, {"type": "random_zoom", "factors": [0.8, 1.25]}],
        "model": {
            "preprocess": preprocess or {},
            "backbone": {"type": "simple_cnn", "filters": [8, 16, 24, 32]},
            "head": {"type": "center_detector", "filters": 16},
        },
        "train": {"batch_size": 8, "stages": STAGES, **train},
    })  # fmt: skip


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return make_yolo(tmp_path_factory.mktemp("data") / "squares", 120)


@pytest.fixture(scope="module")
def trained(root, tmp_path_factory):
    run = Run(train(make_spec(root), tmp_path_factory.mktemp("runs")))
    return types.SimpleNamespace(run=run, report=run.evaluate("test"))


def test_it_learns_to_find_squares(trained):
    assert trained.run.state == "done"
    assert trained.report["metrics"]["map50"] > 0.8
    assert [row["label"] for row in trained.report["per_class"]] == list(LABELS)
    assert all(row["recall"] > 0.7 for row in trained.report["per_class"])


def test_the_loss_of_the_kept_epoch_is_that_of_the_report(trained):
    kept = min(line["val_loss"] for line in trained.run.history)
    assert trained.run.evaluate("validation")["metrics"]["loss"] == pytest.approx(kept, rel=1e-3)


def test_boxes_are_judged_picture_by_picture(trained):
    kept = read_figures(trained.run.folder, "test")
    assert (kept.name, len(kept.ids)) == ("box_f1", trained.report["samples"])
    assert set(kept.worst) == {name for name, value in zip(kept.ids, kept.values, strict=True) if value < 1}
    assert kept.boxes.shape[1] == 7
    assert [row["id"] for row in trained.run.failures("test")["worst"]] == kept.worst


def test_the_page_has_a_row_for_each_class(trained):
    page = (trained.run.path / "report.html").read_text("utf-8")
    assert "<td>big</td>" in page
    assert "<td>small</td>" in page


def test_the_support_is_the_number_of_boxes_of_the_split(trained):
    lines = map(json.loads, (trained.run.path / "data.manifest.jsonl").read_text().splitlines())
    boxes = [box[0] for line in lines if line["split"] == "test" for box in line["boxes"]]
    assert {row["label"]: row["support"] for row in trained.report["per_class"]} == {
        label: boxes.count(label) for label in LABELS
    }


def test_a_prediction_counts_what_a_picture_shows(trained, root):
    found = trained.run.predict([root / "images/000.png"])[0]
    wanted = [LABELS[int(line[0])] for line in (root / "labels/000.txt").read_text().splitlines()]
    assert found.confidence is None
    assert found.values == {label: wanted.count(label) for label in LABELS}
    assert found.label == ", ".join(f"{label} 1" for label in LABELS if label in wanted)


def test_the_boxes_of_a_prediction_lie_on_the_things_in_the_picture_itself(trained, root, tmp_path):
    line = (root / "labels/000.txt").read_text().splitlines()[0].split()
    x, y, width, height = (float(value) for value in line[1:])
    # Twice as large as the model's input: boxes are in the pixels of the file.
    with Image.open(root / "images/000.png") as image:
        image.resize((128, 96), Image.Resampling.NEAREST).save(tmp_path / "large.png")
    for file, (across, down) in ((root / "images/000.png", (64, 48)), (tmp_path / "large.png", (128, 96))):
        found = [box for box in trained.run.predict([file])[0].boxes if box["label"] == LABELS[int(line[0])]]
        expected = [
            (x - width / 2) * across,
            (y - height / 2) * down,
            (x + width / 2) * across,
            (y + height / 2) * down,
        ]
        got = [found[0][side] for side in ("left", "top", "right", "bottom")]
        assert np.abs(np.array(got) - expected).max() < 0.06 * across
        assert 0.3 <= found[0]["score"] <= 1


@pytest.mark.slow
def test_the_saved_model_opens_in_plain_keras(trained):
    check_plain_keras({"detector": keras.models.load_model(trained.run.path / "model.keras")})


@pytest.mark.parametrize("data", [{}, {"image_size": [64, 64]}, {"image_size": [40, 40], "resize": "center_crop"}])
@pytest.mark.parametrize("augmented", [False, True])
def test_boxes_follow_their_pictures_into_the_batch(root, data, augmented):
    spec = make_spec(root, data=data)
    found = load_data(spec)
    stream = Stream(
        found.elements.take,
        found.indices("train"),
        found.answers.of,
        lambda answers: spec.task.targets(answers, found.info),
        kind="boxes",
        batch_size=24,
        seed=3,
        augment=spec.augment if augmented else (),
    )
    images, targets = stream.batch(0)
    height, width = images.shape[1:3]
    seen = 0
    for image, rows in zip(images, targets, strict=True):
        for label, left, top, right, bottom in rows[rows[:, 0] >= 0]:
            # Where the colour of the class stands out.
            rows_, columns = np.nonzero(image[..., 2 if label == 0 else 0] > 145)
            edges = [columns.min(), rows_.min(), columns.max() + 1, rows_.max() + 1]
            np.testing.assert_allclose(edges, [left * width, top * height, right * width, bottom * height], atol=1.01)
            seen += 1
    assert seen > 12


def test_a_model_that_resizes_its_input_is_compared_on_the_grid_that_it_has(root):
    spec = make_spec(root, preprocess={"resize": [40, 72]})
    info = DataInfo((48, 64, 3), LABELS)
    model = build(spec, info).model
    assert model.output_shape == (None, 10, 18, 6)
    answers = model.predict_on_batch(np.zeros((2, 48, 64, 3), "uint8"))
    truth = [np.array([[0, 0, 0, 30, 20]], "float32"), np.zeros((0, 5), "float32")]
    assert np.isfinite(spec.task.report(truth, answers, info)["metrics"]["loss"])
