"""Methods of stages that cannot be: each with a sentence, at its place."""

from __future__ import annotations

from typing import Any

import pytest

from kerascnn.errors import SpecError
from kerascnn.spec import spec_from_dict
from kerascnn.spec.fit import misfits
from tests.spec.texts import plain

PRUNING, SWA = {"type": "pruning"}, {"type": "swa"}
TEACHER = {"type": "distillation", "run": "runs/x"}


def found(*stages: dict[str, Any], **others: Any) -> list[tuple[str, str]]:
    tree = plain()
    tree["train"]["stages"] = list(stages)
    tree |= others
    return [
        (".".join(map(str, each["loc"])), _said(each))
        for each in misfits(tree)
        if each["loc"][:2] == ("train", "stages")
    ]


def _said(details: Any) -> str:
    return str(details["type"].context["message"])


def test_methods_that_fit_are_let_alone() -> None:
    assert found({"methods": [SWA]}, {"methods": [TEACHER, PRUNING]}) == []
    assert found({"methods": [{"type": "nothing"}, 3, None]}, {"methods": "swa"}) == []


def test_pruning_is_for_the_last_stage() -> None:
    assert found({"methods": [PRUNING]}, {}) == [
        ("train.stages.0.methods.0.type", "'pruning' is for the last stage; a later one would undo it")
    ]


@pytest.mark.parametrize("methods", [[PRUNING, SWA], [SWA, PRUNING]])
def test_pruning_and_averaging_exclude_each_other(methods: list[dict[str, Any]]) -> None:
    [(place, message)] = found({"methods": methods})
    assert place == "train.stages.0.methods.1.type"
    assert message.endswith("cannot stand in one stage; leave one of them out")


@pytest.mark.parametrize("method", [PRUNING, SWA])
def test_neither_stands_beside_averages_of_the_optimizer(method: dict[str, Any]) -> None:
    assert found({"methods": [method], "optimizer": {"type": "adam", "ema": 0.9}}) == [
        (
            "train.stages.0.methods.0.type",
            f"'{method['type']}' cannot stand beside averages of the optimizer; leave out its `ema`",
        )
    ]


def test_boxes_are_not_distilled() -> None:
    assert found({"methods": [TEACHER]}, task={"type": "object_detection"}) == [
        ("train.stages.0.methods.0.type", "'distillation' is not for the task 'object_detection'")
    ]


def test_features_are_not_computed_once_beside_methods() -> None:
    said = "cannot stand beside methods, which want the whole network; leave out one of the two"
    assert found({"methods": [TEACHER], "feature_views": 2}) == [("train.stages.0.feature_views", said)]


def test_each_stands_once_in_a_stage() -> None:
    tree = plain()
    tree["train"]["stages"] = [{"methods": [SWA, SWA]}]
    with pytest.raises(SpecError, match="has 'swa' more than once"):
        spec_from_dict(tree)
