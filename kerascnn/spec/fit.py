"""Checks across the parts of a spec: does the head serve the task, does the source give what the task reads.

They look at the names of components alone, so that a mistake inside one part hides no mistake between others.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic_core import InitErrorDetails

from kerascnn.errors import PluginError
from kerascnn.spec.component import Component, components, find
from kerascnn.spec.section import nearest, problem
from kerascnn.spec.tree import Loc, clip


def misfits(tree: Any) -> list[InitErrorDetails]:
    """Return every mistake between the parts of a spec that is given as plain data, however broken."""
    task = _class(tree, "task", ("task",))
    found: list[InitErrorDetails] = []
    if task is not None:
        found += _head(tree, task)
        found += _readers(tree, task)
        found += _monitor(tree, task)
    found += _split(tree)
    return found


def _head(tree: Any, task: Any) -> Iterator[InitErrorDetails]:
    loc: Loc = ("model", "head")
    head: Any = _class(tree, "head", loc)
    if head is not None and head.output != task.output:
        served = [name for name, other in components("task").items() if other.output == head.output]  # type: ignore[attr-defined]
        heads = [name for name, other in components("head").items() if other.output == task.output]  # type: ignore[attr-defined]
        yield problem(
            "head_task",
            "'{head}' serves {served}; not '{task}', which takes {heads}",
            loc=(*loc, "type"),
            value=head.type_name,
            head=head.type_name,
            task=task.type_name,
            served=", ".join(served) or "no task that is installed",
            heads=", ".join(heads) or "a head that is not installed",
        )


def _readers(tree: Any, task: Any) -> Iterator[InitErrorDetails]:
    places: list[tuple[str, Loc]] = [("source", ("data", "source")), ("backbone", ("model", "backbone"))]
    steps = _get(tree, ("augment",))
    places += [("augmentation", ("augment", i)) for i in range(len(steps) if isinstance(steps, list) else 0)]
    for kind, loc in places:
        cls: Any = _class(tree, kind, loc)
        medium = None if cls is None else cls.gives if kind == "source" else cls.reads
        if medium not in (None, task.reads):
            yield problem(
                "reads",
                "'{name}' is for {medium} data; the task '{task}' is about {reads} data",
                loc=(*loc, "type"),
                value=cls.type_name,
                name=cls.type_name,
                medium=medium,
                task=task.type_name,
                reads=task.reads,
            )


def _monitor(tree: Any, task: Any) -> Iterator[InitErrorDetails]:
    monitor = _get(tree, ("train", "monitor"))
    if not isinstance(monitor, str):
        return
    names = ["loss", *task.metrics]
    choices = [*(f"val_{name}" for name in names), *names]
    loc: Loc = ("train", "monitor")
    if monitor not in choices:
        near = nearest(monitor, choices)
        yield problem(
            "monitor",
            "the task '{task}' has no figure named '{name}'; {hint}",
            loc=loc,
            value=monitor,
            task=task.type_name,
            name=clip(monitor),
            hint=f"did you mean '{near}'?" if near else f"there are {', '.join(choices)}",
            suggestion=near,
        )


def _split(tree: Any) -> Iterator[InitErrorDetails]:
    from kerascnn.spec.spec import Split  # the spec imports this module

    split = _get(tree, ("data", "split"))
    if not isinstance(split, dict):
        return
    parts = {name: split.get(name, Split.model_fields[name].default) for name in ("validation", "test")}
    sound = all(isinstance(part, int | float) and 0 <= part < 1 for part in parts.values())
    if sound and sum(parts.values()) >= 1:
        said = ", ".join(f"{name} {part}" for name, part in parts.items())
        yield problem(
            "split",
            "nothing is left to train on: validation and test together should be less than 1 (got {said})",
            loc=("data", "split"),
            value=split,
            said=said,
        )


def _class(tree: Any, kind: str, loc: Loc) -> type[Component] | None:
    name = _get(tree, (*loc, "type"))
    try:
        return find(kind, name) if isinstance(name, str) else None
    except PluginError:
        return None


def _get(tree: Any, loc: Loc) -> Any:
    for key in loc:
        if isinstance(tree, dict) and isinstance(key, str):
            tree = tree.get(key)
        elif isinstance(tree, list) and isinstance(key, int) and key < len(tree):
            tree = tree[key]
        else:
            return None
    return tree
