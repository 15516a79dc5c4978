import numpy as np
import pytest
from PIL import Image

from kerascnn.engine.answers import Answers, spell_answer
from kerascnn.engine.forms import Form
from kerascnn.spec import Box, Sample, Scan

LABELS = ("bird", "cat", "dog")
FORM = Form((50, 50), "letterbox", 3)
FACT = {"height": 100, "width": 200}


def answers(samples, kind, facts=None, **scan):
    facts = facts or [FACT] * len(samples)
    return Answers(samples, Scan(samples, LABELS, **scan), kind, facts, FORM)


def test_a_class_is_its_number_in_the_order_of_the_labels():
    found = answers([Sample("a", None, "dog"), Sample("b", None, "bird")], "class")
    assert found.of(np.array([1, 0, 0])).tolist() == [0, 2, 2]
    assert found.spell(0, Sample("a", None, "dog")) == {"label": "dog"}


def test_classes_are_0_or_1_for_each():
    samples = [Sample("a", None, target=("dog", "bird")), Sample("b", None, target=())]
    found = answers(samples, "classes")
    assert found.of(np.array([0, 1])).tolist() == [[1, 0, 1], [0, 0, 0]]
    assert found.all.dtype == np.uint8
    assert found.spell(0, samples[0]) == {"classes": ["dog", "bird"]}


def test_values_are_numbers():
    samples = [Sample("a", None, target=(1.5, -2.0)), Sample("b", None, target=(0.0, 1e6))]
    found = answers(samples, "values")
    assert found.of(np.array([1, 0])).tolist() == [[0.0, 1e6], [1.5, -2.0]]
    assert found.all.dtype == np.float32
    assert spell_answer(samples[0], "values") == {"values": [1.5, -2.0]}


def test_boxes_are_in_pixels_of_the_input():
    cat, dog = Box("cat", 40, 20, 120, 60), Box("dog", 0, 0, 200, 100)
    samples = [Sample("a", None, target=(cat, dog)), Sample("b", None, target=())]
    one, none = answers(samples, "boxes").of(np.array([0, 1]))
    # A quarter of the size, 12 pixels below the upper edge.
    assert one.tolist() == [[1, 10, 17, 30, 27], [2, 0, 12, 50, 37]]
    assert one.dtype == none.dtype == np.float32
    assert none.shape == (0, 5)
    assert spell_answer(samples[0], "boxes") == {"boxes": [["cat", 40, 20, 120, 60], ["dog", 0, 0, 200, 100]]}


def test_boxes_of_as_many_in_each_picture_stay_a_list():
    samples = [Sample(str(i), None, target=(Box("cat", i, 0, 200, 100),)) for i in range(3)]
    found = answers(samples, "boxes").of(np.array([2, 0]))
    assert isinstance(found, list)
    assert [rows[0, 1] for rows in found] == [0.5, 0]


def test_a_picture_that_cannot_be_read_has_no_boxes():
    samples = [Sample("a", None, target=(Box("cat", 0, 0, 1, 1),)), Sample("b", None, target=(Box("cat", 0, 0, 8, 4),))]
    found = answers(samples, "boxes", [{"reason": "is empty"}, FACT])
    assert [len(rows) for rows in found.of(np.array([0, 1]))] == [0, 1]


def test_masks_are_told_by_the_hash_of_their_file(tmp_path):
    Image.fromarray(np.full((100, 200), 255, "uint8")).save(tmp_path / "m.png")
    sample = Sample("a", None, target=tmp_path / "m.png")
    found = answers([sample], "mask", mask_values=(0, 255))
    assert found.of(np.array([0])).shape == (1, 50, 50)
    assert list(found.spell(0, sample)) == ["mask"]
    assert len(found.spell(0, sample)["mask"]) == 64
    assert spell_answer(sample, "mask") == {}


@pytest.mark.parametrize(("kind", "shape"), [("class", (0,)), ("classes", (0, 3)), ("boxes", (0,))])
def test_nothing_has_no_answers(kind, shape):
    assert answers([], kind).all.shape == shape
