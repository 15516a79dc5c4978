"""Checks across the parts of a spec: does the head serve the task, does the source give what the task reads.

They look at the names of components alone, so that a mistake inside one part hides no mistake between others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal, get_args, get_origin

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticUndefined

from kerascnn.errors import PluginError
from kerascnn.spec.component import Component, components, find, parse_component
from kerascnn.spec.data import STOPPING
from kerascnn.spec.kinds import Backbone, Source
from kerascnn.spec.measure_fit import measure_misfits
from kerascnn.spec.method_fit import method_misfits
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
    found += _weights(tree, task)
    found += _balance(tree, task)
    found += method_misfits(_get(tree, ("train", "stages")), task)
    found += measure_misfits(tree, task)
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
        if kind == "backbone" and medium == "image" and _get(tree, ("model", "preprocess", "spectrogram")) is not None:
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


def _weights(tree: Any, task: Any) -> Iterator[InitErrorDetails]:
    """Report weights that nobody published, and files of weights that cannot say the scale of pictures."""
    loc: Loc = ("model", "backbone", "weights")
    weights = _get(tree, loc)
    if not isinstance(weights, str) or _class(tree, "backbone", loc[:-1]) is None:
        return
    normalize = _get(tree, ("model", "preprocess", "normalize")) or "auto"
    near = None if weights == "none" or {"/", "\\", "."} & set(weights) else nearest(weights, ("none", "imagenet"))
    if weights == "imagenet":
        yield from _published(tree, loc)
    elif near:
        message = f"no weights are named '{clip(weights)}'; did you mean '{near}'? (a file of that name is ./{weights})"
        yield problem("weights", "{message}", loc=loc, value=weights, message=message, suggestion=near)
    elif weights.endswith(".h5") and task.reads == "image" and normalize == "auto":
        message = (
            "a .h5 file does not say the scale of the pictures that it was trained with; say it with "
            "model.preprocess.normalize: unit, symmetric, standardize, torch, caffe, symmetric_128, each or none"
        )
        yield problem("weights", "{message}", loc=loc, value=weights, message=message)


def _balance(tree: Any, task: Any) -> Iterator[InitErrorDetails]:
    """Report balanced sampling where samples have no single class, or where rare classes count more already."""
    loc: Loc = ("train", "balance")
    if _get(tree, loc) != "classes" or task is None:
        return
    if task.target != "class":
        message = f"samples of the task '{task.type_name}' have no single class to be balanced by; leave it at none"
    elif _get(tree, ("task", "class_weights")) == "auto":
        message = "rare classes count more by task.class_weights: auto already; use one of the two"
    else:
        return
    yield problem("balance", "{message}", loc=loc, value="classes", message=message)


def _published(tree: Any, loc: Loc) -> Iterator[InitErrorDetails]:
    try:
        backbone: Any = parse_component(Backbone, _get(tree, loc[:-1]))  # type: ignore[type-abstract]
    except ValidationError:
        return  # the mistakes inside it are reported already
    if backbone.pretrained() is not None:
        return
    name = backbone.type_name
    likely = [
        f"{field}: {value}" for field, value in _other_values(backbone) if _changed(backbone, field, value).pretrained()
    ]
    others = [
        other
        for other, cls in components("backbone").items()
        if cls.pretrained is not Backbone.pretrained  # type: ignore[attr-defined]
    ]
    hint = f"there are some with {' or '.join(likely)}" if likely else f"there are some for {', '.join(others)}"
    message = f"no weights are published for this '{clip(name)}'; {hint}. weights: none begins from chance"
    yield problem("weights", "{message}", loc=loc, value="imagenet", message=message)


def _other_values(backbone: Any) -> Iterator[tuple[str, Any]]:
    """Yield each field with the other values that it is known to take: its choices, or its default."""
    for field, info in type(backbone).model_fields.items():
        known = get_args(info.annotation) if get_origin(info.annotation) is Literal else [info.default]
        for value in known:
            if value is not PydanticUndefined and value != getattr(backbone, field):
                yield field, value


def _changed(backbone: Any, field: str, value: Any) -> Any:
    try:
        spelled = {**backbone.spell(), field: value}
        return parse_component(Backbone, spelled)  # type: ignore[type-abstract]
    except ValidationError:
        return backbone


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
    "forecast": "the numbers that follow",
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
