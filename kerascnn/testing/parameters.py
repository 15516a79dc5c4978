"""What a component says of parameters that it does not take: a mistake in the spec, at its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from kerascnn.spec import Component
from kerascnn.spec.component import parse_component
from kerascnn.spec.kinds import KINDS
from kerascnn.testing.facts import hold, title

_WRONG: Mapping[str, Any] = {"number": "many", "integer": 1.5, "boolean": "perhaps", "string": 3, "array": 3}
"""A value that each JSON type refuses."""


def check_parameters(component: Component) -> None:
    """Check that each field refuses values of another type, and those beyond its bounds, at its own place.

    What is asked for stands in the JSON Schema that is made of the fields. Raises AssertionError.
    """
    cls = type(component)
    given = component.spell()
    for name, schema in cls.model_json_schema().get("properties", {}).items():
        for wrong in _wrong(schema):
            try:
                parse_component(KINDS[cls.kind], {**given, name: wrong})
            except ValidationError as error:
                places = [one["loc"][:1] for one in error.errors()]
                hold(
                    (name,) in places,
                    f"{title(component)}: for {name} = {wrong!r} the mistake is said to be at {places}; let the "
                    f"field '{name}' refuse it",
                )
            except Exception as error:
                raise AssertionError(
                    f"{title(component)}: {name} = {wrong!r} ends in {type(error).__name__}: {error}; raise ValueError "
                    "with a sentence inside validators"
                ) from error
            else:
                raise AssertionError(
                    f"{title(component)} takes {name} = {wrong!r}, which its own schema does not allow; take out "
                    "what changes values before they are checked"
                )


def _wrong(schema: Mapping[str, Any]) -> Iterator[Any]:
    """Yield values that a field's schema does not allow; none where it may be of several types."""
    kind = schema.get("type")
    if "enum" in schema:
        yield "no such word"
    elif isinstance(kind, str) and kind in _WRONG:
        yield _WRONG[kind]
    step = 1 if kind == "integer" else 0.5
    for bound, sign in (("minimum", -1), ("maximum", 1)):
        if bound in schema:
            yield schema[bound] + sign * step
    for bound in ("exclusiveMinimum", "exclusiveMaximum"):
        if bound in schema:
            yield schema[bound]
