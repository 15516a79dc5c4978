"""Checks across the parts of a spec, with kinds of data that the core does not have."""

from __future__ import annotations

from typing import Any

import pytest

from kerascnn.spec import components, plugins
from kerascnn.spec.fit import misfits
from kerascnn.spec.load import parse_spec
from tests.spec.fakes import register_acme
from tests.spec.texts import SPEC, mistakes, plain, swap


@pytest.fixture
def acme(registry: None) -> None:
    """Register tasks about words and masks, and what serves them."""
    register_acme()


def found(text: str) -> list[str]:
    return [line.split(":", 3)[3].strip() for line in mistakes(text)]


def test_the_parts_of_a_sound_spec_fit() -> None:
    assert misfits(plain()) == []
    assert mistakes(SPEC) == []


def with_task(name: str, monitor: str = "val_loss") -> str:
    return swap("image_classification", name, swap("monitor: val_accuracy", f"monitor: {monitor}"))


def test_a_head_that_does_not_serve_the_task_is_named_with_those_that_do(acme: None) -> None:
    text = with_task("acme.segmentation").replace(
        "{type: classifier, hidden: [16], dropout: 0.1}", "{type: acme.boxes}"
    )
    assert mistakes(text) == [
        "t.yaml:21:16: model.head.type: 'acme.boxes' serves acme.detection; not 'acme.segmentation', which takes "
        "acme.masks"
    ]


def test_every_task_that_a_head_serves_is_named(acme: None) -> None:
    served = ", ".join(name for name, task in components("task").items() if task.output == "classes")  # type: ignore[attr-defined]
    assert found(with_task("acme.segmentation")) == [
        f"model.head.type: 'classifier' serves {served}; not 'acme.segmentation', which takes acme.masks"
    ]


def test_a_task_without_a_head_and_a_head_without_a_task_say_so(acme: None) -> None:
    text = with_task("acme.painting").replace("{type: classifier, hidden: [16], dropout: 0.1}", "{type: acme.idle}")
    assert found(text) == [
        "model.head.type: 'acme.idle' serves no task that is installed; not 'acme.painting', which takes a head that "
        "is not installed"
    ]


def test_source_augmentation_and_backbone_read_the_data_of_the_task(acme: None) -> None:
    assert found(with_task("acme.tagging")) == [
        "data.source.type: 'digits' is for image data; the task 'acme.tagging' is about text data",
        "augment.0.type: 'random_flip' is for image data; the task 'acme.tagging' is about text data",
        "augment.1.type: 'random_crop' is for image data; the task 'acme.tagging' is about text data",
    ]
    lenet = plain() | {"task": {"type": "acme.tagging"}, "augment": [], "train": {"monitor": "val_loss"}}
    lenet["model"] = {**lenet["model"], "backbone": {"type": "lenet"}}
    messages = [error["type"].message() for error in misfits(lenet)]
    assert "'lenet' is for image data; the task 'acme.tagging' is about text data" in messages


def test_parts_for_other_data_are_named_under_a_task_about_pictures(acme: None) -> None:
    text = swap("{type: random_flip}", "{type: acme.swap_words}", swap("{type: digits}", "{type: acme.words}"))
    assert found(text) == [
        "data.source.type: 'acme.words' is for text data; the task 'image_classification' is about image data",
        "augment.0.type: 'acme.swap_words' is for text data; the task 'image_classification' is about image data",
    ]


def test_parts_that_read_the_data_of_the_task_fit(acme: None) -> None:
    text = """\
kerascnn: 1
name: words
task: {type: acme.tagging}
data: {source: {type: acme.words}}
augment: [{type: acme.swap_words}]
model: {backbone: {type: acme.text_cnn}, head: {type: classifier}}
train: {monitor: f1}
"""
    assert parse_spec(text).task.type_name == "acme.tagging"


@pytest.mark.parametrize("monitor", ["val_loss", "loss", "val_accuracy", "accuracy"])
def test_the_loss_and_the_metrics_of_the_task_can_be_monitored(monitor: str) -> None:
    assert mistakes(swap("val_accuracy", monitor)) == []


@pytest.mark.parametrize(
    ("monitor", "hint"),
    [
        ("val_acuracy", "did you mean 'val_accuracy'?"),
        ("Val_Loss", "did you mean 'val_loss'?"),
        ("zzz", "there are val_loss, val_accuracy, loss, accuracy"),
        ("'{hint}'", "there are val_loss, val_accuracy, loss, accuracy"),
    ],
)
def test_a_figure_that_the_task_does_not_have_is_named(monitor: str, hint: str) -> None:
    name = monitor.strip("'")
    assert mistakes(swap("val_accuracy", monitor)) == [
        f"t.yaml:24:12: train.monitor: the task 'image_classification' has no figure named '{name}'; {hint}"
    ]


def test_the_figures_are_those_of_the_task(acme: None) -> None:
    assert found(with_task("acme.tagging", "top5"))[-1] == (
        "train.monitor: the task 'acme.tagging' has no figure named 'top5'; there are val_loss, val_f1, val_accuracy, "
        "loss, f1, accuracy"
    )


@pytest.mark.parametrize(
    ("split", "got"),
    [
        ("{validation: 0.5, test: 0.5}", "validation 0.5, test 0.5"),
        ("{validation: 0.9}", "validation 0.9, test 0.15"),
        ("{test: 0.99}", "validation 0.15, test 0.99"),
        ("{validation: 0.9, test: 0.9, seed: 1}", "validation 0.9, test 0.9"),
    ],
)
def test_a_split_that_leaves_nothing_to_train_on_is_named(split: str, got: str) -> None:
    text = swap("{validation: 0.2, test: 0.2}", split)
    message = "nothing is left to train on: validation and test together should be less than 1"
    assert mistakes(text)[0] == f"t.yaml:6:10: data.split: {message} (got {got})"


@pytest.mark.parametrize("split", ["{validation: 0.5, test: 0.49}", "{validation: 0, test: 0}", "{}"])
def test_a_split_that_leaves_something_fits(split: str) -> None:
    assert mistakes(swap("{validation: 0.2, test: 0.2}", split)) == []


def test_a_fraction_out_of_range_is_named_once() -> None:
    text = swap("{validation: 0.2, test: 0.2}", "{validation: 1.5, test: -0.1}")
    assert found(text) == [
        "data.split.validation: should be less than 1 (got 1.5)",
        "data.split.test: should be 0 or more (got -0.1)",
    ]


def test_mistakes_between_the_parts_come_together_with_those_inside_them(acme: None) -> None:
    text = swap("filters: 8, kernel_size", "filters: 0, kernel_size", swap("image_classification", "acme.segmentation"))
    text = text.replace("{validation: 0.2, test: 0.2}", "{validation: 0.9}").replace("seed: 1", "sede: 1")
    assert [line.split(": ")[0] for line in found(text)] == [
        "data.split",
        "model.backbone.layers.0.filters",
        "model.head.type",
        "train.sede",
        "train.monitor",
    ]


def test_a_task_that_is_not_known_hides_no_mistake_but_its_own() -> None:
    text = swap("image_classification", "imag_classification", swap("seed: 1", "seed: -1"))
    assert [line.split(": ")[0] for line in found(text)] == ["task.type", "train.seed"]


@pytest.mark.parametrize(
    "tree",
    [
        None,
        [],
        3,
        "x",
        {},
        {"task": None},
        {"task": {"type": None}, "model": [], "augment": {}, "data": 3},
        {"task": {"type": "image_classification"}, "model": {"head": "x"}, "augment": [None, 1, {"type": []}]},
        {"task": {"type": "image_classification"}, "data": {"source": {"type": {}}, "split": [0.9, 0.9]}},
        {"task": {"type": "image_classification"}, "train": {"monitor": ["val_loss"]}},
        {"data": {"split": {"validation": "0.9", "test": None}}},
        {"data": {"split": {"validation": float("nan"), "test": float("inf")}}},
        {"data": {"split": {"validation": 10**400, "test": 0.5}}},
        {"data": {"split": {"validation": True, "test": True}}},
    ],
)
def test_however_broken_the_rest_is_nothing_is_made_up(tree: Any) -> None:
    assert misfits(tree) == []


def test_a_broken_plugin_is_left_to_the_part_that_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(plugins._broken, "acme", "ImportError: no module named torch")
    reason = "the plugin 'acme' of 'acme.x' cannot be used: ImportError: no module named torch"
    assert found(swap("{type: digits}", "{type: acme.x}")) == [f"data.source.type: {reason}"]
