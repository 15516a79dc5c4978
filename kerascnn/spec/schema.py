"""The JSON Schema (draft 2020-12) of the specs that the installed components allow: for editors and forms.

It is made from the components' fields and never used to validate: its errors could not be understood.
"""

from __future__ import annotations

import copy
from typing import Any, get_args

from kerascnn.spec import plugins
from kerascnn.spec.component import Component, components
from kerascnn.spec.describe import field_docs
from kerascnn.spec.kinds import KINDS
from kerascnn.spec.section import Section
from kerascnn.spec.spec import Spec

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """Return the schema: one definition for each component, and for each kind a `oneOf` of its components."""
    definitions: dict[str, Any] = {}
    root = _model(Spec, definitions)
    plugins.load_all()  # before the kinds are gone through: one may bring another
    made = {(kind, name): _made(cls, name, definitions) for kind in KINDS for name, cls in components(kind).items()}
    for kind in KINDS:
        found = components(kind)  # without those of plugins that failed meanwhile
        definitions.update({_key(kind, name): made[kind, name] for name in found})
        # Of a kind that nothing is installed of no component is right; an empty `oneOf` is none.
        choices = [{"$ref": f"#/$defs/{_key(kind, name)}"} for name in found]
        definitions[kind] = {"title": kind.capitalize(), **({"oneOf": choices} if found else {"not": {}})}
    schema = {"$schema": DIALECT, **root, "title": "kerascnn spec", "$defs": dict(sorted(definitions.items()))}
    return _link(schema)


def _key(kind: str, name: str) -> str:
    return f"{kind}.{name}"


def _made(cls: type[Component], name: str, definitions: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a component. A plugin with one that has none is set aside."""
    inner: dict[str, Any] = {}
    try:
        schema = _component(cls, name, inner)
    except Exception as error:
        if "." not in name:
            raise  # a bug of ours
        said = f"{type(error).__name__}: {error}"
        plugins.set_aside(name.partition(".")[0], f"no JSON Schema can be made of its {cls.kind} '{name}': {said}")
        return {}
    definitions.update(inner)
    return schema


def _component(cls: type[Component], name: str, definitions: dict[str, Any]) -> dict[str, Any]:
    schema = _model(cls, definitions)
    schema["title"] = name
    schema["properties"] = {"type": {"const": name, "description": f"{name}: {_first_line(cls)}"}} | schema.get(
        "properties", {}
    )
    schema["required"] = ["type", *schema.get("required", [])]
    return schema


def _model(cls: type[Section], definitions: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of one section, and add those of the sections inside it to the definitions."""
    schema = copy.deepcopy(cls.model_json_schema())
    definitions.update({name: found for name, found in schema.pop("$defs", {}).items() if name not in definitions})
    texts = field_docs(cls)
    for name, info in cls.model_fields.items():
        for inner in (info.annotation, *get_args(info.annotation)):
            if isinstance(inner, type) and issubclass(inner, Section) and not issubclass(inner, Component):
                definitions[inner.__name__] = _model(inner, definitions)
        field = schema["properties"][name]
        field.pop("title", None)
        if name in texts:
            field["description"] = texts[name]
        if isinstance(info.default, Component):
            field["default"] = info.default.spell()
        extra = info.json_schema_extra
        if isinstance(extra, dict):
            field.update(extra)
    return schema


def _link(value: Any) -> Any:
    """Put references to kinds in the place of the marks that fields of a kind leave."""
    if isinstance(value, dict):
        rest = {key: _link(item) for key, item in value.items() if key != "x-kind"}
        return {"$ref": f"#/$defs/{value['x-kind']}", **rest} if "x-kind" in value else rest
    if isinstance(value, list):
        return [_link(item) for item in value]
    return value


def _first_line(cls: type[Component]) -> str:
    return (cls.__doc__ or "").strip().split("\n")[0]
