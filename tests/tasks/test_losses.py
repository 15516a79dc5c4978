"""Weights of classes in specs, and what they are for data that are known."""

from types import SimpleNamespace

import numpy as np
import pytest
from pydantic import ValidationError
from sklearn.utils.class_weight import compute_class_weight

from kerascnn.errors import DataError
from kerascnn.spec import DataInfo, components
from kerascnn.spec.schema import json_schema
from kerascnn.tasks.losses import sides_of, weights_of
from tests.helpers import make

LABELS = ("cat", "dog", "owl")


def info(*counts, labels=LABELS):
    return DataInfo((8, 8, 1), labels, {"train": dict(zip(labels, counts, strict=True)), "test": {"cat": 1000}})


def shown(*counts, samples):
    """Return what is known of data whose samples show any number of classes."""
    return SimpleNamespace(labels=LABELS, counts=info(*counts).counts, sizes={"train": samples, "test": 9})


def test_none_weighs_nothing():
    assert weights_of("none", info(1, 2, 3)) is None
    assert sides_of("none", info(1, 2, 3)) is None


def test_auto_weighs_as_scikit_learn_does():
    truth = np.repeat([0, 1, 2], [70, 20, 10])
    wanted = compute_class_weight("balanced", classes=np.arange(3), y=truth)
    assert weights_of("auto", info(70, 20, 10)) == pytest.approx(wanted.tolist())


def test_the_auto_weights_of_the_training_samples_are_1_in_the_mean():
    assert np.dot(weights_of("auto", info(61, 7, 2)), [61, 7, 2]) == pytest.approx(70)


def test_auto_weights_of_equal_classes_are_1():
    assert weights_of("auto", info(5, 5, 5)) == [1, 1, 1]


def test_a_mapping_is_taken_as_it_is_and_1_for_what_it_does_not_name():
    assert weights_of({"owl": 2.5, "cat": 0.5}, DataInfo((8, 8, 1), LABELS)) == [0.5, 1.0, 2.5]


def test_unknown_classes_are_named_with_the_nearest():
    with pytest.raises(DataError) as caught:
        weights_of({"dgo": 2.0, "owl": 1.0, "zebra": 3.0}, info(1, 1, 1))
    assert str(caught.value).startswith("task.class_weights names 2 classes that the data does not have")
    assert caught.value.files == (("dgo", "did you mean 'dog'?"), ("zebra", "the classes are cat, dog, owl"))


def test_a_class_without_training_sample_cannot_be_weighed():
    with pytest.raises(DataError, match=r"auto cannot weigh 1 class without a training sample; .*\n  dog: has no"):
        weights_of("auto", info(3, 0, 1))


def test_counts_that_are_not_known_are_an_error():
    with pytest.raises(DataError, match="the number of training samples of each class, which is not known here"):
        weights_of("auto", DataInfo.of((8, 8, 1), 3))


def test_auto_lets_both_sides_of_each_class_count_alike():
    there, gone = sides_of("auto", shown(25, 50, 90, samples=100))
    assert there == pytest.approx([2, 1, 100 / 180])
    assert gone == pytest.approx([100 / 150, 1, 5])


def test_the_weights_of_both_sides_are_1_in_the_mean():
    there, gone = sides_of("auto", shown(3, 50, 99, samples=100))
    for weight, other, count in zip(there, gone, (3, 50, 99), strict=True):
        assert weight * count + other * (100 - count) == pytest.approx(100)


def test_a_mapping_weighs_the_side_that_is_there():
    assert sides_of({"dog": 4.0}, DataInfo((8, 8, 1), LABELS)) == ([1.0, 4.0, 1.0], [1.0, 1.0, 1.0])


def test_classes_that_no_sample_or_every_one_shows_cannot_be_weighed():
    with pytest.raises(DataError) as caught:
        sides_of("auto", shown(0, 5, 10, samples=10))
    assert [name for name, _ in caught.value.files] == ["cat", "owl"]
    assert "is shown by 10 of 10 training samples" in str(caught.value)


def test_a_number_of_samples_that_is_not_known_is_an_error():
    with pytest.raises(DataError, match="the number of training samples, which is not known here"):
        sides_of("auto", SimpleNamespace(labels=LABELS, counts=info(1, 2, 3).counts, sizes={}))


@pytest.mark.parametrize("weight", [0, -1, True, "2", float("inf"), float("nan"), 2e6, None, [1]])
def test_a_weight_is_a_number_above_0(weight):
    with pytest.raises(ValidationError, match=r"class_weights\.dog\n  should be a number above 0"):
        make("task", "image_classification", class_weights={"cat": 1, "dog": weight})


@pytest.mark.parametrize("value", ["automatic", {}, [1, 2], 3, None, True])
def test_anything_else_is_no_weights(value):
    with pytest.raises(ValidationError, match="should be none, auto, or weights by name"):
        make("task", "image_classification", class_weights=value)


def test_every_wrong_weight_is_named():
    with pytest.raises(ValidationError) as caught:
        make("task", "image_classification", class_weights={"{x}": 0, "cat": 1, "dog": -1})
    assert [error["loc"] for error in caught.value.errors()] == [("class_weights", "{x}"), ("class_weights", "dog")]


WEIGHED = [name for name, cls in components("task").items() if "class_weights" in cls.model_fields]


def test_the_tasks_of_classes_have_weights():
    assert {"image_classification", "image_multilabel", "image_segmentation", "text_classification"} <= set(WEIGHED)


@pytest.mark.parametrize("name", WEIGHED)
def test_the_schema_takes_both_forms(name):
    field = json_schema()["$defs"][f"task.{name}"]["properties"]["class_weights"]
    assert field["default"] == "none"
    assert [option["type"] for option in field["anyOf"]] == ["string", "object"]
    task = make("task", name, class_weights={"cat": 2})
    assert task.spell()["class_weights"] == {"cat": 2.0}
