"""What a mistake in a spec is called: one sentence that says what was expected, what was got, and what to do."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from kerascnn.spec.section import nearest

_EXPECTED: dict[str, str] = {
    "string_type": "should be text",
    "int_type": "should be a whole number",
    "int_from_float": "should be a whole number",
    "int_parsing": "should be a whole number",
    "int_parsing_size": "should be a smaller whole number",
    "float_type": "should be a number",
    "float_parsing": "should be a number",
    "finite_number": "should be a finite number",
    "bool_type": "should be true or false",
    "bool_parsing": "should be true or false",
    "list_type": "should be a list",
    "tuple_type": "should be a list",
    "dict_type": "should be a mapping of keys to values",
    "model_type": "should be a mapping of keys to values",
    "model_attributes_type": "should be a mapping of keys to values",
    "none_required": "should be left out",
    "greater_than": "should be greater than {gt}",
    "greater_than_equal": "should be {ge} or more",
    "less_than": "should be less than {lt}",
    "less_than_equal": "should be {le} or less",
    "multiple_of": "should be a multiple of {multiple_of}",
    "string_too_short": "should have at least {min_length} characters",
    "string_too_long": "should have at most {max_length} characters",
    "string_pattern_mismatch": "should match {pattern}",
    "too_short": "should have at least {min_length} items; it has {actual_length}",
    "too_long": "should have at most {max_length} items; it has {actual_length}",
    "literal_error": "should be {expected}",
}
_SELF_EXPLAINED = {"unknown_field", "unknown_component", "head_task", "reads"}
_YAML_1_1_WORDS = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}


def say(error: Mapping[str, Any]) -> tuple[str, str | None]:
    """Return the sentence for one error of pydantic, and the word that was likely meant, if there is one."""
    kind, value, context = error["type"], error["input"], dict(error.get("ctx") or {})
    if kind == "missing":
        return "is missing; it has no default", None
    if kind in _SELF_EXPLAINED:
        return error["msg"], context.get("suggestion")
    template = _EXPECTED.get(kind)
    numbers = {key: f"{item:g}" if isinstance(item, float) else item for key, item in context.items()}
    message = template.format(**numbers) if template else _lower(error["msg"])
    suggestion = context.get("suggestion")
    if kind == "literal_error" and isinstance(value, str):
        suggestion = nearest(value, re.findall(r"'([^']*)'", str(context.get("expected", ""))))
        message += f"; did you mean '{suggestion}'?" if suggestion else ""
    hint = _hint(kind, value)
    return f"{message} (got {show(value)}){f'; {hint}' if hint else ''}", suggestion


def show(value: Any, limit: int = 60) -> str:
    """Return a value as it would stand in a spec, shortened.

    >>> show({"filters": 3}), show("x"), show(None)
    ('a mapping', "'x'", 'null')
    """
    if isinstance(value, dict):
        return "a mapping" if value else "an empty mapping"
    if isinstance(value, list | tuple):
        text = json.dumps(value, ensure_ascii=False, default=str)
        return text if len(text) <= limit else f"a list of {len(value)}"
    if isinstance(value, str):
        return f"'{value}'" if len(value) <= limit else f"'{value[:limit]}...'"
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    text = str(value)
    return text if len(text) <= limit else f"{text[:limit]}..."


def _hint(kind: str, value: Any) -> str:
    """Return what to write instead, for the slips that YAML and its older version lead to."""
    if not isinstance(value, str):
        return "write nothing but the items, each after '- '" if kind == "list_type" and value == {} else ""
    if kind.startswith("bool") and value.lower() in _YAML_1_1_WORDS:
        return f"write {_YAML_1_1_WORDS[value.lower()]}"
    parse: Callable[[str], Any] | None = {"int_type": int, "float_type": float}.get(kind)
    if parse:
        try:
            parse(value)
        except ValueError:
            return ""
        return "write it without quotes"
    return ""


def _lower(message: str) -> str:
    return message[:1].lower() + message[1:]
