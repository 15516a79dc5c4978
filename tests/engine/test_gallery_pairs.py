"""Pictures with masks or boxes, drawn with what they are and what was said of them."""

import hashlib

import numpy as np
import pytest
from PIL import Image

from kerascnn.engine.gallery_pairs import Pairs
from kerascnn.engine.media.image import ImageForm
from kerascnn.runs.each import KeptFigures
from kerascnn.spec import Box, Sample, Scan

LABELS = ["ground", "disc"]


@pytest.fixture
def form():
    return ImageForm((8, 12), "letterbox", 3)


def line_of(form, file):
    (raw,) = form.read([file])
    return {"id": file.name, "sha256": raw.sha256, "height": raw.array.shape[0], "width": raw.array.shape[1]}


@pytest.fixture
def masks(tmp_path, form):
    """Return what draws two pictures, of which the first is among the worst."""
    for name in ("a.png", "b.png"):
        Image.fromarray(np.full((8, 12, 3), 90, "uint8")).save(tmp_path / name)
        mask = np.zeros((8, 12), "uint8")
        mask[:4] = 255
        Image.fromarray(mask).save(tmp_path / f"mask-{name}")
    samples = [Sample(n, tmp_path / n, target=tmp_path / f"mask-{n}") for n in ("a.png", "b.png")]
    said = np.zeros((1, 8, 12), "uint8")
    kept = KeptFigures(
        ["a.png", "b.png"], "picture_iou", "max", np.array([0.2, 1]), ["a.png"], ["x"], ["y"], masks=said
    )
    lines = [line_of(form, sample.payload) for sample in samples]
    return Pairs(kept, samples, lines, Scan(samples, LABELS, mask_values=(0, 255)), LABELS, form)


def test_a_mask_stands_beside_what_was_said(masks):
    drawn = masks.draw(0)
    assert drawn.count("<img") == 2
    assert drawn.index("<span>is</span>") < drawn.index("<span>said</span>")
    assert "data:image/jpeg;base64," in drawn
    assert "disc" in masks.legend()


def test_a_picture_whose_answer_was_not_kept_stands_alone(masks):
    drawn = masks.draw(1)
    assert drawn.count("<img") == 1
    assert "said" not in drawn


def test_a_picture_that_changed_is_said(masks):
    masks.lines = [{**masks.lines[0], "sha256": hashlib.sha256(b"other").hexdigest()}, masks.lines[1]]
    assert masks.draw(0) == "<div class='lost'>has other content than when the run was trained</div>"
    masks.samples[1].payload.unlink()
    assert masks.draw(1).startswith("<div class='lost'>")


def test_boxes_lie_over_the_picture_with_their_names(tmp_path, form):
    file = tmp_path / "a.png"
    Image.fromarray(np.full((16, 16, 3), 90, "uint8")).save(file)
    sample = Sample("a.png", file, target=(Box("disc", 2, 2, 8, 8),))
    boxes = np.array([[0, 0, 4, 4, 12, 12, 0.9], [1, 1, 0, 0, 2, 2, 0.5]], "float32")
    kept = KeptFigures(["a.png", "z.png"], "box_f1", "max", np.zeros(2), ["a.png", "z.png"], [], [], boxes=boxes)
    drawn = Pairs(kept, [sample], [line_of(form, file)], Scan([sample], LABELS), LABELS, form).draw(0)
    # One of each: the other found box is of another picture.
    assert drawn.count("<svg") == 2
    assert drawn.count("<title>disc</title>") == 1
    assert drawn.count("<title>ground</title>") == 1
