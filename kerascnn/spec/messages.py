"""What a mistake in a spec is called: what was expected, what was got, and what to do, in one sentence."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from kerascnn.spec.section import nearest
from kerascnn.spec.tree import clip
from kerascnn.spec.yaml_text import is_text

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
_SELF_EXPLAINED = {
    "unknown_field", "unknown_component", "unknown_name", "no_type", "plugin", "head_task", "reads", "target",
    "monitor", "split", "split_ways", "sweep",
}  # fmt: skip
_YAML_1_1_WORDS = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}
_GROUPED = re.compile(r"[-+]?[0-9]{1,3}([_, ][0-9]{3})+(\.[0-9]+)?|[-+]?[0-9]+(_[0-9]+)+")


def say(error: Mapping[str, Any]) -> tuple[str, str | None]:
    """Return the sentence for one error of pydantic, and the word that was likely meant, if there is one."""
    kind, value, context = error["type"], error["input"], dict(error.get("ctx") or {})
    suggestion = context.get("suggestion")
    if kind == "missing":
        return "is missing; it has no default", None
    if kind in _SELF_EXPLAINED:
        return error["msg"], suggestion
    template = _EXPECTED.get(kind)
    numbers = {key: f"{item:g}" if isinstance(item, float) else item for key, item in context.items()}
    message = template.format(**numbers) if template else _sentence(error["msg"])
    if kind in ("too_short", "too_long", "string_too_short", "string_too_long"):
        message = re.sub(r"\b1 (item|character)s", r"1 \1", message)
    hint = _hint(kind, value, context)
    if kind == "literal_error" and isinstance(value, str):
        suggestion = nearest(value, re.findall(r"'([^']*)'", str(context.get("expected", ""))))
        hint = f"did you mean '{suggestion}'?" if suggestion else hint
    return f"{message} (got {show(value)}){f'; {hint}' if hint else ''}", suggestion


def show(value: Any, limit: int = 60) -> str:
    """Return a value as it would stand in a spec, shortened.

    >>> show({"filters": 3}), show("x"), show(None), show([1, "x"])
    ('a mapping', "'x'", 'null', "[1, 'x']")
    """
    if isinstance(value, dict):
        return "a mapping" if value else "an empty mapping"
    if isinstance(value, list | tuple):
        if any(isinstance(item, dict | list | tuple) for item in value) or len(value) > limit:
            return f"a list of {len(value)}"
        text = f"[{', '.join(map(show, value))}]"
        return text if len(text) <= limit else f"a list of {len(value)}"
    if isinstance(value, str):
        return f"'{clip(value, limit)}'"
    if value is None:
        return "null"
    return clip(str(value).lower() if isinstance(value, bool) else str(value), limit)


def _hint(kind: str, value: Any, context: Mapping[str, Any]) -> str:
    """Return what to write instead, for the slips that YAML and its older version lead to."""
    if value is None:
        return "" if kind == "component" else "write a value after the key, or remove the key"
    if kind == "list_type":
        return "write it as an item of a list, after '- '" if isinstance(value, dict) else f"write [{show(value)}]"
    if kind in ("model_type", "dict_type") and isinstance(value, list) and len(value) == 1:
        return "write it without the '- ' or the brackets of a list"
    if kind == "string_type" and isinstance(value, bool | int | float):
        return "put it in quotes"
    if kind == "bool_type":
        return _truth_hint(value)
    if kind in ("int_type", "int_from_float") and isinstance(value, float) and value.is_integer():
        return f"write {value:.0f}" if abs(value) < 1e15 else ""
    if not isinstance(value, str):
        return ""
    if kind == "string_pattern_mismatch":
        close = re.sub(r"[^A-Za-z0-9_.-]+", "-", value).strip("-")[:60]
        return f"write '{close}'" if _matches(context["pattern"], close) else ""
    if kind == "literal_error" and value not in context["expected"].split(", "):
        return ""
    return _number_hint(value) if kind in ("int_type", "float_type", "literal_error") else ""


def _matches(pattern: str, text: str) -> bool:
    try:
        return re.search(pattern, text) is not None
    except re.error:  # pydantic's patterns are those of Rust, which differ in a few points
        return False


def _truth_hint(value: Any) -> str:
    words = {**_YAML_1_1_WORDS, "true": "true", "false": "false", "1": "true", "0": "false"}
    meant = words.get(str(value).lower()) if isinstance(value, str | int) else None
    return f"write {meant}, without quotes" if meant == value else f"write {meant}" if meant else ""


def _number_hint(text: str) -> str:
    if not is_text(text) and text.lstrip("-+.")[:1].isdecimal():
        return "write it without quotes"
    if _GROUPED.fullmatch(text):
        return f"write {re.sub('[_, ]', '', text)}"
    return ""


def _sentence(message: str) -> str:
    """Return a message of pydantic, or of a component's own check, without the name of its exception."""
    message = re.sub(r"^(Value error|Assertion failed), ", "", message)
    return message[:1].lower() + message[1:]
