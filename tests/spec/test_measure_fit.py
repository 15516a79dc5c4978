"""A loss and metrics in a spec: what they are for, how often they stand there, and how mistakes in them are said."""

from __future__ import annotations

from typing import Any

import pytest

from kerascnn.spec import components, spec_from_dict
from kerascnn.spec.fit import misfits
from tests.spec.texts import mistakes, plain, swap

POLY, QUANTILE = {"type": "poly"}, {"type": "quantile"}


def found(loss: Any = None, metrics: Any = (), **task: Any) -> list[tuple[str, str]]:
    tree = plain()
    tree["train"]["loss"], tree["evaluate"] = loss, {"metrics": metrics}
    tree["task"] |= task
    return [(".".join(map(str, each["loc"])), str(each["type"].context["message"])) for each in misfits(tree)]  # type: ignore[union-attr,index]


def with_loss(text: str) -> list[str]:
    return mistakes(swap("  seed: 1\n", f"  loss: {text}\n"))


def with_metrics(text: str) -> list[str]:
    return [line.split(":", 3)[3].strip() for line in mistakes(swap("train:\n", f"evaluate: {text}\ntrain:\n"))]


def test_what_fits_is_let_alone() -> None:
    assert found(POLY, [{"type": "matthews"}]) == []
    assert found(None) == []
    assert found({"type": "nothing"}, [{"type": "nothing"}, 3, None]) == []
    assert found("poly", "matthews") == []
    assert misfits({"train": 3, "evaluate": "x", "task": {"type": "image_classification"}}) == []


def test_a_loss_and_a_metric_for_other_answers_are_named_at_their_place() -> None:
    assert found(QUANTILE, [{"type": "matthews"}, {"type": "smape"}]) == [
        ("train.loss.type", "'quantile' is not for the task 'image_classification'"),
        ("evaluate.metrics.1.type", "'smape' is not for the task 'image_classification'"),
    ]


@pytest.mark.parametrize(("field", "value"), [("class_weights", "auto"), ("label_smoothing", 0.1)])
def test_what_changes_the_tasks_own_loss_does_not_stand_beside_another(field: str, value: Any) -> None:
    message = "is for the task's own loss, and train.loss stands in its place; leave out one of the two"
    assert found(POLY, **{field: value}) == [(f"task.{field}", message)]
    assert found(None, **{field: value}) == []
    assert found(POLY, class_weights="none", label_smoothing=0.0) == []


def test_wrong_names_are_said_as_well_as_those_of_methods() -> None:
    assert with_loss("{type: ploy}") == ["t.yaml:23:16: train.loss.type: no loss is named 'ploy'; did you mean 'poly'?"]
    assert with_loss("{type: zebra}") == [
        f"t.yaml:23:16: train.loss.type: no loss is named 'zebra'; there are {', '.join(components('loss'))}"
    ]
    assert with_loss("poly") == [
        "t.yaml:23:9: train.loss: should be a mapping with the key 'type', such as {type: poly} (got 'poly')"
    ]
    assert with_loss("{type: poly, epsilom: 2}") == [
        "t.yaml:23:22: train.loss.epsilom: no field is named 'epsilom'; did you mean 'epsilon'?"
    ]
    assert with_loss("{type: poly, epsilon: -2}") == ["t.yaml:23:31: train.loss.epsilon: should be -1 or more (got -2)"]
    assert with_metrics("{metrics: [{type: mathews}]}") == [
        "evaluate.metrics.0.type: no metric is named 'mathews'; did you mean 'matthews'?"
    ]
    assert with_metrics("{metric: []}") == ["evaluate.metric: no field is named 'metric'; did you mean 'metrics'?"]


def test_each_metric_stands_there_once() -> None:
    assert with_metrics("{metrics: [{type: cohen_kappa}, {type: cohen_kappa, weights: linear}]}") == [
        "evaluate.metrics: has 'cohen_kappa' more than once (got a list of 2)"
    ]


def test_both_come_back_from_what_a_spec_spells() -> None:
    tree = plain()
    assert spec_from_dict(tree).spell()["train"]["loss"] is None
    tree["train"]["loss"], tree["evaluate"] = {**POLY, "epsilon": 2}, {"metrics": [{"type": "cohen_kappa"}]}
    spec = spec_from_dict(tree)
    spelled = spec.spell()
    assert spelled["train"]["loss"] == {"type": "poly", "epsilon": 2.0, "label_smoothing": 0.0}
    assert spelled["evaluate"] == {"metrics": [{"type": "cohen_kappa", "weights": "none"}]}
    assert spec_from_dict(spelled) == spec
