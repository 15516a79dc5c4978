"""Checks of a loss and of metrics that stand in a spec: are they for the task?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic_core import InitErrorDetails

from kerascnn.errors import PluginError
from kerascnn.spec.component import find
from kerascnn.spec.section import problem
from kerascnn.spec.tree import Loc

_OF_THE_LOSS: Mapping[str, Any] = {"class_weights": "none", "label_smoothing": 0}
"""Fields of tasks that change their own loss, with the value that changes nothing."""


def measure_misfits(tree: Any, task: Any) -> Iterator[InitErrorDetails]:
    """Yield what is wrong with `train.loss` and `evaluate.metrics` of a spec that is given as plain data.

    It may be broken in any way. `task` is the class of the task, or None where that is not known.
    """
    loss = _get(_get(tree, "train"), "loss")
    yield from _not_for(task, "loss", loss, ("train", "loss"))
    metrics = _get(_get(tree, "evaluate"), "metrics")
    for i, metric in enumerate(metrics if isinstance(metrics, list) else []):
        yield from _not_for(task, "metric", metric, ("evaluate", "metrics", i))
    if not isinstance(loss, dict):
        return
    for name, nothing in _OF_THE_LOSS.items():
        value = _get(_get(tree, "task"), name)
        if value is not None and value != nothing:
            message = "is for the task's own loss, and train.loss stands in its place; leave out one of the two"
            yield problem("measure", "{message}", loc=("task", name), value=value, message=message)


def _not_for(task: Any, kind: str, component: Any, loc: Loc) -> Iterator[InitErrorDetails]:
    cls = _class(kind, component)
    if cls is None or task is None or not cls.outputs or task.output in cls.outputs:
        return
    message = f"'{cls.type_name}' is not for the task '{task.type_name}'"
    yield problem("measure", "{message}", loc=(*loc, "type"), value=cls.type_name, message=message)


def _class(kind: str, component: Any) -> Any:
    name = _get(component, "type")
    try:
        return find(kind, name) if isinstance(name, str) else None
    except PluginError:
        return None


def _get(section: Any, name: str) -> Any:
    return section.get(name) if isinstance(section, dict) else None
