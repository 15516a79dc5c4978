"""Checks of the methods of stages: what they are for, and what cannot stand beside them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic_core import InitErrorDetails

from kerascnn.errors import PluginError
from kerascnn.spec.component import find
from kerascnn.spec.kinds import Method
from kerascnn.spec.section import problem
from kerascnn.spec.tree import Loc

_UNMOVED: list[dict[str, Any]] = [{"type": "constant"}, {"type": "constant", "warmup": 0.0}]
"""What a schedule may say where a method moves the rate: what a stage without one has."""


def method_misfits(stages: Any, task: Any) -> Iterator[InitErrorDetails]:
    """Yield what is wrong with the methods of stages that are given as plain data, however broken.

    `task` is the class of the task, or None where that is not known.
    """
    stages = stages if isinstance(stages, list) else []
    for number, stage in enumerate(stages):
        methods = stage.get("methods") if isinstance(stage, dict) else None
        if not isinstance(methods, list) or not methods:
            continue
        loc: Loc = ("train", "stages", number)
        before: list[Any] = []
        for i, method in enumerate(methods):
            cls = _class(method)
            if cls is None:
                continue
            for message in _wrong(cls, before, stage, task, last=number == len(stages) - 1):
                yield _problem((*loc, "methods", i, "type"), cls.type_name, message)
            before.append(cls)
        views = stage.get("feature_views")
        if type(views) is int and views > 0:
            message = "cannot stand beside methods, which want the whole network; leave out one of the two"
            yield _problem((*loc, "feature_views"), views, message)


def _wrong(cls: Any, before: list[Any], stage: dict[str, Any], task: Any, *, last: bool) -> Iterator[str]:
    name = cls.type_name
    if cls.last and not last:
        yield f"'{name}' is for the last stage; a later one would undo it"
    for other in before:
        if other.type_name in cls.excludes or name in other.excludes:
            yield f"'{name}' and '{other.type_name}' cannot stand in one stage; leave one of them out"
    optimizer = stage.get("optimizer")
    if "ema" in cls.excludes and isinstance(optimizer, dict) and optimizer.get("ema") is not None:
        yield f"'{name}' cannot stand beside averages of the optimizer; leave out its `ema`"
    schedule = stage.get("schedule")
    if cls.schedule is not Method.schedule and isinstance(schedule, dict) and schedule not in _UNMOVED:
        yield f"'{name}' moves the learning rate itself; leave out the stage's `schedule`"
    if task is not None and cls.outputs and task.output not in cls.outputs:
        yield f"'{name}' is not for the task '{task.type_name}'"


def _problem(loc: Loc, value: Any, message: str) -> InitErrorDetails:
    return problem("method", "{message}", loc=loc, value=value, message=message)


def _class(method: Any) -> Any:
    name = method.get("type") if isinstance(method, dict) else None
    try:
        return find("method", name) if isinstance(name, str) else None
    except PluginError:
        return None
