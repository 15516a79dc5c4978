"""Which components a form offers: those that the validator has nothing against beside the task that is there.

What it says is asked of the validator itself, so that rules of plugins' components count without a line here.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, get_args, get_origin

from kerascnn.errors import PluginError
from kerascnn.spec.component import Component, components, find
from kerascnn.spec.data import STOPPING
from kerascnn.spec.fit import misfits


class Offers:
    """What suits a spec that is given as plain data, however broken."""

    def __init__(self, data: Mapping[str, Any]):
        self._data = data
        self._task = _part(data, "task")
        self._found: dict[str, tuple[str, ...]] = {}

    def of(self, kind: str) -> tuple[str, ...]:
        """Return the names of the components of a kind that the task can take, sorted."""
        if kind not in self._found:
            self._found[kind] = tuple(name for name in components(kind) if self._suits(kind, name))
        return self._found[kind]

    def section(self, path: str, value: Mapping[str, Any]) -> bool:
        """Return whether a section that is left out may be there: whether no component would stand against it."""
        tree = copy.deepcopy(dict(self._data))
        here: Any = tree
        *around, last = path.split(".")
        for part in around:
            here = here.setdefault(part, {}) if isinstance(here, dict) else None
        if not isinstance(here, dict):
            return True
        here[last] = dict(value)
        before = {tuple(line["loc"]) for line in misfits(self._data)}
        return not any(_about_type(line["loc"]) for line in misfits(tree) if tuple(line["loc"]) not in before)

    def known(self, path: str) -> tuple[str, ...]:
        """Return the words that a place is known to take, though its schema does not list them; () for most."""
        if path == "data.allow":
            return STOPPING
        if path == "lint.ignore":
            from kerascnn.spec.lint import RULES

            return tuple(RULES)
        if path == "train.monitor":
            task: Any = _class("task", self._task)
            names = ["loss", *(task.metrics if task else ())]
            return (*(f"val_{name}" for name in names), *names)
        return ()

    def _suits(self, kind: str, name: str) -> bool:
        if kind == "source":
            return self._source_suits(name)
        tree = self._beside(kind, {"type": name})
        return tree is None or not any(_about_type(line["loc"]) for line in misfits(tree))

    def _beside(self, kind: str, one: dict[str, Any]) -> dict[str, Any] | None:
        """Return a spec of little more than the task and this component; None where nothing is known of the kind."""
        if kind == "task":
            return {"task": one, "data": {"source": _part(self._data, "data", "source")}}
        task = self._task
        places: dict[str, dict[str, Any]] = {
            "backbone": {"model": {"preprocess": _part(self._data, "model", "preprocess"), "backbone": one}},
            "head": {"model": {"head": one}},
            "augmentation": {"augment": [one]},
            "loss": {"train": {"loss": one}},
            "metric": {"evaluate": {"metrics": [one]}},
            "method": {"train": {"stages": [{"methods": [one]}]}},
        }
        return {"task": task, **places[kind]} if kind in places else None

    def _source_suits(self, name: str) -> bool:
        task: Any = _class("task", self._task)
        source: Any = find("source", name)
        if task is None or source is None:
            return True
        wanted = _targets(source)
        return source.gives in (task.reads, "any") and (not wanted or task.target in wanted)


def _targets(source: Any) -> set[str]:
    """Return what samples of a source may be answered with, whichever of its fields says so; empty: not known."""
    found = set()
    for fields in _variants(source):
        try:
            found.add(source.model_construct(**fields).target)
        except Exception:  # noqa: BLE001 - a plugin's property looks at a field that is not filled in yet
            return set()
    return found


def _variants(source: type[Component]) -> Iterator[dict[str, Any]]:
    """Yield values of single fields that may decide on the target: choices, and names of columns."""
    yield {}
    for field, info in source.model_fields.items():
        if get_origin(info.annotation) is Literal:
            yield from ({field: value} for value in get_args(info.annotation))
        elif type(None) in get_args(info.annotation):
            yield {field: ["name"]}


def _about_type(loc: Sequence[int | str]) -> bool:
    """Return whether a mistake is about which component stands there, not about what is in it."""
    return loc[-1] == "type" or tuple(loc) == ("data", "source")


def _class(kind: str, component: Any) -> Any:
    name = component.get("type") if isinstance(component, dict) else None
    try:
        return find(kind, name) if isinstance(name, str) else None
    except PluginError:
        return None


def _part(data: Any, *keys: str) -> Any:
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    return data
