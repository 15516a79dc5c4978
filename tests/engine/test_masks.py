import hashlib

import numpy as np
import pytest
from PIL import Image

from kerascnn.engine.forms import Form
from kerascnn.engine.media.masks import Masks
from kerascnn.errors import DataError
from kerascnn.spec import Sample

FORM = Form((4, 4), "letterbox", 1)
FACTS = {"height": 2, "width": 4}
CLASSES = [0, 255]


def stored(path, rows, mode="L", palette=None):
    image = Image.fromarray(np.array(rows, "uint16" if mode == "I;16" else "uint8"))
    if mode == "1":
        image = image.point(lambda value: value * 255).convert("1")
    elif mode != "I;16":
        image = image.convert(mode) if mode != "P" else image
    if palette:
        image.putpalette(palette)
    image.save(path)
    return Sample(path.name, None, target=path)


def read(samples, values=CLASSES, facts=None, form=FORM):
    return Masks(samples, values, facts or [FACTS] * len(samples), form)


BAR = [[0, 0, 255, 255], [0, 255, 255, 255]]
AT_FOUR = [[255] * 4, [0, 0, 1, 1], [0, 1, 1, 1], [255] * 4]


def test_stored_values_become_classes_at_the_size_of_the_input(tmp_path):
    masks = read([stored(tmp_path / "a.png", BAR)])
    assert masks.all.dtype == np.uint8
    assert masks.all[0].tolist() == AT_FOUR
    assert masks.findings == []
    assert masks.hashes == [hashlib.sha256((tmp_path / "a.png").read_bytes()).hexdigest()]


def test_of_a_palette_the_numbers_count_and_not_the_colours(tmp_path):
    rows = [[0, 0, 7, 7], [0, 7, 7, 7]]
    sample = stored(tmp_path / "a.png", rows, "P", [255, 255, 255, *[9, 99, 199] * 10])
    with Image.open(tmp_path / "a.png") as image:
        assert image.mode == "P"
    assert read([sample], [0, 7]).all[0].tolist() == AT_FOUR


def test_masks_of_one_bit_and_in_colour_are_read_as_grey(tmp_path):
    one = stored(tmp_path / "one.png", [[0, 0, 1, 1], [0, 1, 1, 1]], "1")
    colour = stored(tmp_path / "colour.png", BAR, "RGB")
    masks = read([one, colour])
    assert masks.all[0].tolist() == masks.all[1].tolist() == AT_FOUR
    assert masks.findings == []


def test_values_of_16_bits_are_not_rounded(tmp_path):
    sample = stored(tmp_path / "a.png", [[0, 0, 1000, 1000], [0, 1000, 1000, 1000]], "I;16")
    assert read([sample], [0, 1000]).all[0].tolist() == AT_FOUR


def test_more_classes_than_a_byte_holds_are_a_data_error(tmp_path):
    with pytest.raises(DataError, match=r"masks tell 255 classes apart at the most; data\.source names 300"):
        read([stored(tmp_path / "a.png", BAR)], list(range(300)))
    assert read([stored(tmp_path / "a.png", [[254] * 4] * 2)], list(range(255))).all[0, 1].tolist() == [254] * 4


def test_values_that_are_no_class_are_a_finding_and_nothing_is_learnt_there(tmp_path):
    strange = [stored(tmp_path / f"{i}.png", [[0, 0, 255, 255], [0, 3 + i, 255, 9]]) for i in range(2)]
    masks = read([*strange, stored(tmp_path / "sound.png", BAR)])
    assert masks.all[1].tolist() == [[255] * 4, [0, 0, 1, 1], [0, 255, 1, 255], [255] * 4]
    (finding,) = masks.findings
    assert (finding.id, finding.severity, finding.samples) == ("mask-values", "error", ("0.png", "1.png"))
    assert "2 masks hold values that are no class (3, 4, 9; the classes are 0, 255)" in finding.message


def test_a_mask_of_another_size_than_its_picture_is_a_finding(tmp_path):
    samples = [stored(tmp_path / "a.png", BAR), stored(tmp_path / "b.png", BAR)]
    masks = read(samples, facts=[FACTS, {"height": 4, "width": 2}])
    (finding,) = masks.findings
    assert (finding.id, finding.severity, finding.samples) == ("mask-size", "error", ("b.png",))
    assert (masks.all[1] == 255).all()


def test_the_mask_of_a_picture_that_cannot_be_read_is_not_read(tmp_path):
    samples = [stored(tmp_path / "a.png", BAR), Sample("b.png", None, target=tmp_path / "none.png")]
    masks = read(samples, facts=[FACTS, {"reason": "is empty"}])
    assert (masks.all[1] == 255).all()
    assert masks.hashes[1] == ""


def test_every_mask_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "b.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 4 2\n")
    (tmp_path / "c.png").write_bytes(b"")
    samples = [stored(tmp_path / "a.png", BAR), *(Sample(n, None, target=tmp_path / n) for n in ("b.png", "c.png"))]
    with pytest.raises(DataError, match=r"^2 of 3 masks cannot be read") as caught:
        read(samples)
    assert [name for name, _ in caught.value.files] == [str(tmp_path / "b.png"), str(tmp_path / "c.png")]
    assert all(reason.startswith("cannot be read as a mask: ") for _, reason in caught.value.files)


def test_masks_are_taken_in_any_order(tmp_path):
    samples = [stored(tmp_path / "a.png", [[0] * 4] * 2), stored(tmp_path / "b.png", [[255] * 4] * 2)]
    assert read(samples).take(np.array([1, 0, 1]))[:, 1, 0].tolist() == [1, 0, 1]
