"""Checks across the parts of a spec: does the head serve the task, does the source give what the task reads.

They look at the names of components alone, so that a mistake inside one part hides no mistake between others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import InitErrorDetails

from kerascnn.errors import PluginError
from kerascnn.spec.component import Component, components, find, parse_component
from kerascnn.spec.data import STOPPING
from kerascnn.spec.kinds import Source
from kerascnn.spec.section import nearest, problem
from kerascnn.spec.tree import Loc, clip


def misfits(tree: Any) -> list[InitErrorDetails]:
    """Return every mistake between the parts of a spec that is given as plain data, however broken."""
    task = _class(tree, "task", ("task",))
    found: list[InitErrorDetails] = []
    if task is not None:
        found += _head(tree, task)
        found += _readers(tree, task)
        found += _companions(tree, task)
        found += _monitor(tree, task)
    found += _split(tree)
    found += _names(tree, ("data", "allow"), STOPPING, "no finding that stops a training")
    found += _names(tree, ("lint", "ignore"), _rules(), "no rule")
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
        if kind == "backbone" and medium == "image" and _get(tree, ("model", "preprocess", "spectrogram")):
            medium = "audio"  # a spectrogram is a picture
        if medium not in (None, "any", task.reads):
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
    yield from _target(tree, task)


def _companions(tree: Any, task: Any) -> Iterator[InitErrorDetails]:
    """Report augmentations that would leave a mask or boxes where the picture was before."""
    if task.target not in ("mask", "boxes"):
        return
    steps = _get(tree, ("augment",))
    for i in range(len(steps) if isinstance(steps, list) else 0):
        loc: Loc = ("augment", i)
        cls: Any = _class(tree, "augmentation", loc)
        if cls is not None and cls.reads == task.reads and task.target not in cls.carries:
            yield problem(
                "companions",
                "'{name}' cannot take {what} along with the pictures; leave it out for the task '{task}'",
                loc=(*loc, "type"),
                value=cls.type_name,
                name=cls.type_name,
                what={"mask": "masks"}.get(task.target, task.target),
                task=task.type_name,
            )


def _target(tree: Any, task: Any) -> Iterator[InitErrorDetails]:
    """Report a source whose samples are answered by something else than the task asks; its fields may decide that."""
    loc: Loc = ("data", "source")
    if _class(tree, "source", loc) is None:
        return
    try:
        source: Any = parse_component(Source, _get(tree, loc))  # type: ignore[type-abstract]
    except ValidationError:
        return  # the mistakes inside it are reported already
    if source.target != task.target:
        yield problem(
            "target",
            "'{name}' says {has} of each sample; the task '{task}' wants {wanted}",
            loc=loc,
            value=source.spell(),
            name=source.type_name,
            has=_TARGETS.get(source.target, source.target),
            task=task.type_name,
            wanted=_TARGETS.get(task.target, task.target),
        )


_TARGETS = {
    "class": "the class",
    "classes": "all the classes",
    "values": "numbers",
    "mask": "a mask",
    "boxes": "boxes",
}


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
    yield from _split_ways(split)
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


def _split_ways(split: dict[str, Any]) -> Iterator[InitErrorDetails]:
    """Report ways to divide that exclude each other."""
    folds, fold = split.get("folds"), split.get("fold")
    wrong: list[tuple[str, str]] = []
    if fold is not None and folds is None:
        wrong.append(("fold", "needs data.split.folds: how many folds are there?"))
    elif isinstance(fold, int) and isinstance(folds, int) and fold >= folds:
        wrong.append(("fold", f"should be less than data.split.folds, counted from 0 (got {fold} of {folds})"))
    if split.get("file") is not None and split.get("lists") is not None:
        wrong.append(("lists", "cannot stand beside `file`; both say the split of each sample"))
    if folds is not None and split.get("lists") is not None:
        wrong.append(("folds", "cannot stand beside `lists`, which name the test samples already"))
    if folds is not None and split.get("order") == "time":
        wrong.append(("folds", "cannot be made by time; leave out `order`"))
    if split.get("time_by") is not None and split.get("order", "random") != "time":
        wrong.append(("time_by", "is for `order: time`"))
    for key, message in wrong:
        yield problem("split_ways", "{message}", loc=("data", "split", key), value=split.get(key), message=message)


def _rules() -> tuple[str, ...]:
    from kerascnn.spec.lint import RULES  # it looks at specs

    return tuple(RULES)


def _names(tree: Any, loc: Loc, known: Sequence[str], what: str) -> Iterator[InitErrorDetails]:
    """Report names in a list that name nothing."""
    names = _get(tree, loc)
    for i, name in enumerate(names if isinstance(names, list) else []):
        if isinstance(name, str) and name not in known:
            near = nearest(name, known)
            yield problem(
                "unknown_name",
                "{what} is named '{name}'; {hint}",
                loc=(*loc, i),
                value=name,
                what=what,
                name=clip(name),
                hint=f"did you mean '{near}'?" if near else f"there are {', '.join(known)}",
                suggestion=near,
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
