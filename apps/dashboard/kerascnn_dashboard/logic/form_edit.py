"""What a form does to a spec's text, and how values look in its boxes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from kerascnn.errors import SpecError, UsageError
from kerascnn.spec.yaml_text import read_yaml
from kerascnn_dashboard.logic.schema_form import form, of_component
from kerascnn_dashboard.logic.spec_field import Field, begin
from kerascnn_dashboard.logic.spec_text import SpecText
from kerascnn_dashboard.logic.yaml_nodes import flow

Step = tuple[str, str, Any]
"""One thing that was done in a form: what, the path, and with what."""
LEFT_OUT = "left out"
_ALTERNATIVES = {
    "whole": "a number", "number": "a number", "numbers": "several numbers", "section": "in detail", "choice": "a word",
    "mapping": "for each name", "text": "a text", "texts": "a list of texts", "switch": "yes or no",
}  # fmt: skip


def apply(text: str, step: Step) -> str:
    """Return the text after one step. Raises KerasCnnError where it cannot be done; values are not looked at here.

    set: the value. clear: back to the default. choose: a component of this type, "" for none. add: at the end of a
    list, of this type. remove: an item. move: an item to this place.
    """
    what, path, value = step
    spec, root = SpecText(text), form(text)
    fields = {one.path: one for one in root.walk()}
    if path not in fields:
        raise UsageError(f"there is no field '{path[:200]}' in this spec any more")
    steps: Mapping[str, Callable[[SpecText, Mapping[str, Field], str, Any], None]] = {
        "set": _set, "clear": _clear, "choose": _choose, "add": _add, "remove": _remove, "move": _move,
    }  # fmt: skip
    if what != "clear":
        _write_out(spec, fields, path)
    steps[what](spec, fields, path, value)
    return spec.text


def _write_out(spec: SpecText, fields: Mapping[str, Field], path: str) -> None:
    """Write defaults around a path that say more than nothing: the type of a component, the items of a list."""
    parts = path.split(".")
    for i in range(1, len(parts)):
        around = fields.get(".".join(parts[:i]))
        known = around.default if around is not None else None
        if isinstance(known, dict | list) and known and not spec.has(".".join(parts[:i])):
            spec.set(".".join(parts[:i]), known)


def _set(spec: SpecText, fields: Mapping[str, Field], path: str, value: Any) -> None:
    spec.set(path, value)


def _clear(spec: SpecText, fields: Mapping[str, Field], path: str, value: Any) -> None:
    spec.remove(path)
    around = path.rpartition(".")[0]
    while around and spec.get(around) == {} and fields[around].default == {}:
        spec.remove(around)
        around = around.rpartition(".")[0]


def _choose(spec: SpecText, fields: Mapping[str, Field], path: str, value: Any) -> None:
    one = fields[path]
    if not value:
        _clear(spec, fields, path, None)
        return
    needed = [field.name for field in of_component(one.of, value) if field.required]
    old = one.value if isinstance(one.value, dict) else {}
    spec.set(path, {"type": value} | {name: old[name] for name in needed if name in old})


def _add(spec: SpecText, fields: Mapping[str, Field], path: str, value: Any) -> None:
    one = fields[path]
    if not spec.has(path) and one.default:
        spec.set(path, one.default)
    items = spec.get(path) or []
    if one.kind == "components":
        fresh: Any = {"type": value}
    else:
        fresh = [] if one.kind == "lists" else begin(one.children[0]) if one.children else {}
    spec.set(f"{path}.{len(items)}", fresh)


def _remove(spec: SpecText, fields: Mapping[str, Field], path: str, value: Any) -> None:
    around = fields[path.rpartition(".")[0]]
    if len(around.children) == 1 and not around.required and around.default == []:
        _clear(spec, fields, around.path, None)
    else:
        spec.remove(path)


def _move(spec: SpecText, fields: Mapping[str, Field], path: str, value: Any) -> None:
    spec.move(path, value)


def shown(one: Field) -> str:
    """Return the value as a box shows it that takes text.

    >>> shown(Field("", "numbers", "filters", value=[32, 64])), shown(Field("", "text", "path", value="a b"))
    ('32, 64', 'a b')
    """
    if one.value is None:
        return ""
    if one.kind == "text" and one.fits:
        return str(one.value)
    text = flow(one.value)
    return text[1:-1] if one.fits and one.kind in ("numbers", "mapping") else text


def read(one: Field, text: str) -> Any:
    """Return the value that somebody wrote into a box. Raises UsageError where it cannot be read.

    Whether it is right the validator says: what is no number in a list of numbers stays a text.
    """
    if one.kind == "text":
        return text
    brackets = {"numbers": "[]", "mapping": "{}"}.get(one.kind, "")
    whole = text.strip()
    if brackets and not whole.startswith(brackets[0]):
        whole = f"{brackets[0]}{whole}{brackets[1]}"
    try:
        tree = read_yaml(whole, one.path)
        if tree.issues:
            raise SpecError(tree.issues)
    except SpecError as error:
        raise UsageError(f"cannot be read: {error.issues[0].message}") from None
    return tree.value


def said(value: Any) -> str:
    """Return a default in a few words, "" where it takes more.

    >>> said(None), said([]), said([32, 64]), said({"type": "adam"}), said([{"epochs": 5}])
    ('left out', 'none', '32, 64', 'adam', '')
    """
    if value is None:
        return LEFT_OUT
    if isinstance(value, dict):
        return str(value.get("type", ""))
    if isinstance(value, list):
        return "none" if not value else "" if isinstance(value[0], dict | list) else ", ".join(map(flow, value))
    return value if isinstance(value, str) else flow(value)


def called(one: Field) -> str:
    """Return what one of the forms that a value may have is called: a number, a word."""
    return str(one.choices[0]) if one.kind == "word" else _ALTERNATIVES.get(one.kind, "another value")


def summary(one: Field, most: int = 90) -> str:
    """Return an item of a list in a few words: its type, and what is not as by default."""
    told = [
        f"{child.name.replace('_', ' ')} {child.type or flow(child.value)}"
        for child in one.children
        if child.present and child.kind not in ("components", "sections", "lists") and child.value is not None
    ]
    told += [
        f"{len(child.children)} {child.name}"
        for child in one.children
        if child.kind in ("components", "sections", "lists") and child.children
    ]
    text = ", ".join(told)
    head = one.type
    if one.kind == "components":
        head = ", ".join(child.type or "?" for child in one.children) or "nothing"
    whole = f"{head}: {text}" if head and text else head or text or "as by default"
    return whole if len(whole) <= most else f"{whole[: most - 3]}..."


def limits(one: Field) -> str:
    """Return what a field takes, in words.

    >>> limits(Field("", "number", "rate", limits={"above": 0, "most": 10}))
    'more than 0, at most 10'
    """
    bounds = one.limits
    words = {"least": "at least", "above": "more than", "most": "at most", "below": "less than"}
    said = ", ".join(f"{words[name]} {_plain(bounds[name])}" for name in words if name in bounds)
    if "least" in bounds and "most" in bounds:
        said = f"{_plain(bounds['least'])} to {_plain(bounds['most'])}"
    low, high = bounds.get("items_least", 0), bounds.get("items_most")
    if one.kind in ("numbers", "texts") and (low or high):
        count = f"{low}" if low == high else f"{low} to {high}" if high else f"{low} or more"
        said = f"{count} of them" + (f", each {said}" if said else "")
    return said


def hint(one: Field) -> str:
    """Return the help of a field: what it means, what it takes, and its default."""
    parts = [one.help]
    said = limits(one)
    if said:
        parts.append(f"{said[:1].upper()}{said[1:]}.")
    if one.default is not None and not isinstance(one.default, dict | list):
        parts.append(f"Default: {flow(one.default)}.")
    elif isinstance(one.default, list) and one.default and not isinstance(one.default[0], dict | list):
        parts.append(f"Default: {flow(one.default)[1:-1]}.")
    return " ".join(part for part in parts if part)


def step_of(value: Any) -> float:
    """Return by how much the arrows of a number change it: one of its first digit."""
    if not isinstance(value, int | float) or not value:
        return 0.01
    return float(f"1e{math.floor(math.log10(abs(value)))}")


def _plain(number: float) -> str:
    return f"{number:,}" if isinstance(number, int) else f"{number:g}"
