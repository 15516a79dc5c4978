"""Whether what a sweep tries fits the spec: each value is put in as a trial would, under the same rules."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import InitErrorDetails

from kerascnn.errors import Issue
from kerascnn.spec.messages import say
from kerascnn.spec.overrides import override
from kerascnn.spec.search import SECTION, Parameter, SpecSweep, setting
from kerascnn.spec.section import problem
from kerascnn.spec.tree import Loc, Tree

_MOST = 200
"""Specs that are looked at for one sweep, of usual size; what is wrong beyond them is said when its trial begins."""
_WORK = 100_000
"""Values of all these specs together."""


@dataclass(frozen=True)
class Misfit:
    """A path, or one of its values, that the spec does not take."""

    path: str
    index: int | None
    """Of the value in `Parameter.values`; None where the path itself is wrong, or the end of a range."""
    message: str
    value: Any
    suggestion: str | None = None
    """The whole path that was likely meant."""
    of_path: bool = False
    """Whether it is the path that is wrong."""

    @property
    def loc(self) -> Loc:
        """Its place below the parameters."""
        return (self.path,) if self.index is None else (self.path, "values", self.index)


def sweep_misfits(tree: Any) -> Iterator[InitErrorDetails]:
    """Yield what is wrong with the sweep of a spec that is given as plain data, however broken."""
    given = tree.get(SECTION) if isinstance(tree, dict) else None
    if given is None:
        return
    try:
        sweep = SpecSweep.model_validate(given)
    except ValidationError:
        return  # the mistakes inside it are reported already
    for found in path_misfits(sweep.parameters, tree):
        yield problem(
            "unknown_field" if found.of_path else "sweep",
            "{message}",
            loc=(SECTION, "parameters", *found.loc),
            value=found.value,
            message=found.message,
            suggestion=found.suggestion,
        )


def path_misfits(parameters: Mapping[str, Parameter], tree: Mapping[str, Any]) -> list[Misfit]:
    """Return the paths and values that the spec of this plain data does not take.

    Each value is tried beside the first ones of all other paths, as some trial may have it: what one path puts in,
    another may change. What is wrong with the spec without them is not said.
    """
    plain = {key: value for key, value in tree.items() if key != SECTION}
    before = {_key(issue) for issue in _mistakes(plain, [])}
    firsts = {path: one.told[0] for path, one in parameters.items()}
    most = max(2, min(_MOST, _WORK // (1 + _size(plain))))
    wrong = [issue for issue in _mistakes(plain, _settings(firsts)) if _key(issue) not in before]
    found = _of_firsts(plain, parameters, wrong, most) if wrong else []
    for one in found:
        firsts.pop(one.path, None)
    rest = [(path, i, value) for path in firsts for i, value in enumerate(parameters[path].told) if i]
    for path, i, value in rest[:most]:
        others = [issue for issue in _mistakes(plain, _settings(firsts | {path: value})) if _key(issue) not in before]
        if others:
            found.append(_misfit(path, parameters[path], i, others[0]))
    return found


def _of_firsts(
    plain: Mapping[str, Any], parameters: Mapping[str, Parameter], wrong: Sequence[Issue], most: int
) -> list[Misfit]:
    """Return the mistakes that the first values bring, each with the path that brings it."""
    left = {_key(issue): issue for issue in wrong}
    firsts: dict[str, Any] = {}
    found = []
    for path, one in list(parameters.items())[:most]:
        firsts[path] = one.told[0]
        now = {_key(issue) for issue in _mistakes(plain, _settings(firsts))}
        its = [left.pop(key) for key in list(left) if key in now]
        if its:
            found.append(_misfit(path, one, 0, its[0]))
        if not left:
            break
    return found


def _misfit(path: str, one: Parameter, i: int, issue: Issue) -> Misfit:
    """Return what is wrong in words that name the place in the spec, where that is another than the path."""
    inside = issue.path == path or path.startswith(f"{issue.path}.")
    message = issue.message if inside or not issue.path else f"{issue.path}: {issue.message}"
    value, suggestion = one.told[i], None
    if inside and issue.value is _UNKNOWN:
        if issue.suggestion:
            around = issue.path.rpartition(".")[0]
            suggestion = f"{around}.{issue.suggestion}".lstrip(".") + path[len(issue.path) :]
        return Misfit(path, None, message, value, suggestion, of_path=True)
    if one.values is None:
        if isinstance(value, float) and "whole number" in message:
            message = "should be whole numbers; write them so for 'low', 'high' and 'step'"
        return Misfit(path, None, message, value)
    # A path that cannot be gone along is none that a value could mend.
    return Misfit(path, None if issue.file else i, message, value, of_path=bool(issue.file))


_UNKNOWN = object()
"""Stands in an issue for the value of a field that is not known."""


def _mistakes(plain: Mapping[str, Any], settings: Sequence[str]) -> list[Issue]:
    """Return what is wrong with a spec after these settings."""
    from kerascnn.spec.spec import Spec  # the spec asks this module

    tree = Tree(value=copy.deepcopy(dict(plain)))
    override(tree, settings)
    try:
        Spec.model_validate(tree.value)
    except ValidationError as error:
        for line in error.errors(include_url=False):
            message, suggestion = say(line)
            value = _UNKNOWN if line["type"] == "unknown_field" else None
            path = ".".join(map(str, line["loc"]))
            tree.issues.append(Issue("", 0, 0, path, message, value, suggestion))
    return tree.issues


def _key(issue: Issue) -> tuple[str, str]:
    return issue.path, issue.message


def _settings(chosen: Mapping[str, Any]) -> list[str]:
    return [setting(path, value) for path, value in chosen.items()]


def _size(value: Any) -> int:
    if isinstance(value, dict | list):
        return 1 + sum(_size(item) for item in (value.values() if isinstance(value, dict) else value))
    return 1
