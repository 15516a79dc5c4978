"""A spec as a tree of plain fields that a form can draw, made from the JSON Schema of the installed components."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from kerascnn.errors import SpecError
from kerascnn.spec.kinds import KINDS
from kerascnn.spec.load import parse_spec
from kerascnn_dashboard.logic.offers import Offers
from kerascnn_dashboard.logic.spec_field import Field, begin
from kerascnn_dashboard.logic.spec_text import SpecText
from kerascnn_dashboard.logic.yaml_edit import same

GROUPS = ("Data", "Augmentation", "Network", "Training", "Evaluation")
_GROUP_OF = {
    "augment": "Augmentation", "model": "Network", "train": "Training", "evaluate": "Evaluation", "lint": "Evaluation",
}  # fmt: skip
_NOT_TRAINED = ("sweep",)
"""Sections that no training has, and the form neither; in the text they stay."""
_LIMITS = {
    "minimum": "least", "maximum": "most", "exclusiveMinimum": "above", "exclusiveMaximum": "below",
    "minItems": "items_least", "maxItems": "items_most",
}  # fmt: skip


def form(text: str) -> Field:
    """Return the whole spec as a section. Raises SpecError where the text cannot be read."""
    data = {name: value for name, value in SpecText(text).data.items() if name not in _NOT_TRAINED}
    return _Maker(Offers(data)).section("", "spec", _schema(), data)


def groups(root: Field) -> dict[str, list[Field]]:
    """Return the fields of a spec by the group of the form in which they stand."""
    found: dict[str, list[Field]] = {name: [] for name in GROUPS}
    for child in root.children:
        if child.kind != "constant":
            found[_GROUP_OF.get(child.name, "Data")].append(child)
    return found


def problems(text: str) -> dict[str, str]:
    """Return what the validator says by path: one sentence a line; empty where all is well."""
    found: dict[str, str] = {}
    try:
        parse_spec(text)
    except SpecError as error:
        for issue in error.issues:
            found[issue.path] = "\n".join(filter(None, [found.get(issue.path), issue.message]))
    return found


def at_fields(root: Field, found: Mapping[str, str]) -> dict[str, str]:
    """Return the mistakes by the path of the field at which the form shows each: its own, or the nearest around it."""
    drawn = {one.path for one in root.walk() if one.kind != "constant"}
    placed: dict[str, str] = {}
    for path, said in found.items():
        at = path
        while at and at not in drawn:
            at = at.rpartition(".")[0]
        inside = path[len(at) :].lstrip(".")
        sentence = f"{inside}: {said}" if inside and inside != "type" else said
        placed[at] = "\n".join(filter(None, [placed.get(at), sentence]))
    return placed


def of_component(kind: str, name: str) -> Sequence[Field]:
    """Return the fields of a component with their defaults; () where there is none of that name."""
    return _Maker(Offers({})).component_fields("", kind, name, {})


@cache
def _schema() -> dict[str, Any]:
    from kerascnn.spec.schema import json_schema

    schema = json_schema()
    kept = {name: field for name, field in schema["properties"].items() if name not in _NOT_TRAINED}
    return {**schema, "properties": kept}


class _Maker:
    def __init__(self, offers: Offers):
        self._offers = offers
        self._definitions: dict[str, Any] = _schema()["$defs"]

    def section(self, path: str, name: str, schema: Mapping[str, Any], data: Any) -> Field:
        children = self._children(path, schema, data)
        return Field(path, "section", name, value=data, children=children, fits=isinstance(data, dict))

    def component_fields(self, path: str, kind: str, name: str, data: Any) -> tuple[Field, ...]:
        schema = self._definitions.get(f"{kind}.{name}", {})
        return tuple(one for one in self._children(path, schema, data) if one.name != "type")

    def _children(self, path: str, schema: Mapping[str, Any], data: Any) -> tuple[Field, ...]:
        required = schema.get("required", ())
        data = data if isinstance(data, dict) else {}
        found = [
            self._field(f"{path}.{name}" if path else name, name, inner, data, required=name in required)
            for name, inner in schema.get("properties", {}).items()
        ]
        return tuple(one for one in found if self._is_offered(one))

    def _is_offered(self, one: Field) -> bool:
        if one.kind != "section" or one.value is not None or not one.nullable:
            return True
        return self._offers.section(one.path, begin(one))

    def _field(self, path: str, name: str, schema: dict[str, Any], around: dict[str, Any], *, required: bool) -> Field:
        branches = schema.get("anyOf") or [schema]
        sorts = [branch for branch in branches if branch.get("type") != "null"]
        default, present = copy.deepcopy(schema.get("default")), name in around
        base = Field(
            path,
            "yaml",
            name,
            help=" ".join(str(schema.get("description", "")).split()),
            value=around[name] if present else default,
            default=default,
            required=required,
            nullable=len(sorts) < len(branches),
            present=present,
            choices=self._offers.known(path),
        )
        made = self._sorted(base, sorts)
        if made.kind in ("section", "component"):
            changed = (made.value is None) != (default is None) or _type(made.value) != _type(default)
            changed = changed or any(child.changed for child in made.children)
        else:
            changed = not same(made.value, made.default)
        return replace(made, changed=present and not required and changed)

    def _sorted(self, base: Field, sorts: list[dict[str, Any]]) -> Field:
        """Return the field as one of the kinds, from what its value may be."""
        if len(sorts) == 1:
            return self._one(base, sorts[0])
        names = [one.get("enum") for one in sorts if one.get("type") == "string"]
        lists = [one["items"].get("enum") for one in sorts if isinstance(one.get("items"), dict)]
        if len(sorts) == 2 and names and lists and names[0] and lists[0] and set(lists[0]) <= set(names[0]):
            several = self._one(base, next(one for one in sorts if one.get("type") == "array"))
            value = base.value
            value = [] if value == "none" else [value] if isinstance(value, str) else value
            fits = value is None or (isinstance(value, list) and all(isinstance(one, str) for one in value))
            return replace(several, value=value, fits=fits)
        others = tuple(self._one(base, one) for one in sorts)
        fits = base.value is None or any(one.fits for one in others)
        return replace(base, kind="either", others=others, fits=fits)

    def _one(self, base: Field, schema: dict[str, Any]) -> Field:
        if "$ref" in schema:
            return self._inner(base, schema["$ref"].removeprefix("#/$defs/"))
        if "const" in schema:
            kind, choices = ("word" if isinstance(schema["const"], str) else "constant"), (schema["const"],)
        elif "enum" in schema:
            kind, choices = "choice", tuple(schema["enum"])
        elif schema.get("type") == "array":
            return self._list(base, schema)
        else:
            plain = {"boolean": "switch", "integer": "whole", "number": "number", "string": "text"}
            kind, choices = plain.get(str(schema.get("type")), "yaml"), tuple(base.choices)
            inner = schema.get("additionalProperties")
            if schema.get("type") == "object" and isinstance(inner, dict) and inner.get("type") == "number":
                return replace(base, kind="mapping", fits=_fits("mapping", base), limits=_limits(inner))
        made = replace(base, kind=kind, choices=choices, limits=_limits(schema))
        return replace(made, fits=_fits(kind, made))

    def _inner(self, base: Field, name: str) -> Field:
        value = base.value
        fits = isinstance(value, dict) or (value is None and (base.nullable or not base.present))
        if name in KINDS:
            made = replace(base, kind="component", of=name, choices=self._offers.of(name), fits=fits)
            about = self._definitions.get(f"{name}.{made.type}", {}).get("properties", {}).get("type", {})
            said = str(about.get("description", "")).partition(": ")[2]
            return replace(made, about=said, children=self.component_fields(base.path, name, made.type, value))
        children = self._children(base.path, self._definitions.get(name, {}), value)
        return replace(base, kind="section", children=children, fits=fits)

    def _list(self, base: Field, schema: dict[str, Any]) -> Field:
        item: dict[str, Any] = schema.get("items") or next(iter(schema.get("prefixItems", ())), {})
        base = replace(base, limits=_limits(schema) | _limits(item))
        values = base.value if isinstance(base.value, list) else []
        inner = [
            Field(f"{base.path}.{i}", "yaml", str(i + 1), value=value, present=base.present)
            for i, value in enumerate(values)
        ]
        if "$ref" in item:
            name = item["$ref"].removeprefix("#/$defs/")
            choices = self._offers.of(name) if name in KINDS else ()
            kind = "components" if name in KINDS else "sections"
            items = tuple(self._inner(one, name) for one in inner)
            made = replace(base, kind=kind, of=name, children=items, choices=choices)
        elif "enum" in item:
            made = replace(base, kind="choices", choices=tuple(item["enum"]))
        elif item.get("type") == "array" and "$ref" in (item.get("items") or {}):
            made = replace(base, kind="lists", children=tuple(self._list(one, item) for one in inner))
        else:
            kinds = {"integer": "numbers", "number": "numbers", "string": "texts"}
            made = replace(base, kind=kinds.get(str(item.get("type")), "yaml"))
        return replace(made, fits=_fits(made.kind, made))


def _limits(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {ours: schema[theirs] for theirs, ours in _LIMITS.items() if theirs in schema}


def _type(value: Any) -> Any:
    return value.get("type") if isinstance(value, dict) else None


def _fits(kind: str, one: Field) -> bool:
    """Return whether a form can show the value as what it should be."""
    value = one.value
    if value is None:
        return one.nullable or not one.present
    number = isinstance(value, int | float) and not isinstance(value, bool)
    items = value if isinstance(value, list) else [object()]
    return {
        "number": number,
        "whole": number and isinstance(value, int) and abs(value) < 2**53,
        "switch": isinstance(value, bool),
        "choice": any(same(value, choice) for choice in one.choices),
        "word": value in one.choices,
        "text": isinstance(value, str) and value.isprintable(),
        "mapping": isinstance(value, dict),
        "texts": all(isinstance(item, str) for item in items),
        "choices": all(isinstance(item, str) for item in items),
        "numbers": isinstance(value, list) and not any(isinstance(item, dict | list) for item in value),
        "sections": isinstance(value, list),
        "components": isinstance(value, list),
        "lists": isinstance(value, list),
    }.get(kind, True)
