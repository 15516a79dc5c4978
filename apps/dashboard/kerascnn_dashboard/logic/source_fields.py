"""The fields of a source as a form shows them, and what was entered as the source's fields again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from kerascnn.errors import UsageError
from kerascnn.spec.component import find
from kerascnn.spec.describe import field_docs

Kind = Literal["column", "columns", "choice", "switch", "whole", "number", "words", "text", "path"]


@dataclass(frozen=True)
class SourceField:
    """One field of a source."""

    name: str
    label: str
    help: str
    kind: Kind
    options: Sequence[str]
    """What a column, columns or a choice is chosen from."""
    value: Any
    """What is proposed, or the default."""
    optional: bool
    """Whether it may be left out."""


def fields(source: Mapping[str, Any], names: Sequence[str]) -> list[SourceField]:
    """Return the fields of a source that a user may correct; `names` are the columns or arrays that are there.

    The path that was looked at is not among them.
    """
    cls = find("source", str(source.get("type", "")))
    if cls is None:
        raise UsageError(f"there is no source '{str(source.get('type', ''))[:60]}'")
    docs = field_docs(cls)
    paths = getattr(cls, "paths", ())
    found = []
    for name, info in cls.model_fields.items():
        if info.is_required() or (name in paths and name != "root"):
            continue
        kind, options, optional = _kind(name, info.annotation, names, name in paths)
        value = source.get(name, info.get_default(call_default_factory=True))
        found.append(
            SourceField(name, name.replace("_", " ").capitalize(), docs.get(name, ""), kind, options, value, optional)
        )
    return found


def entered(source: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the source with what the user entered; what is empty is left out, unless a proposal stood there.

    Lists that are typed are divided by commas.
    """
    result = dict(source)
    for one in fields(source, ()):
        if one.name not in values:
            continue
        value = values[one.name]
        if isinstance(value, str):
            value = value.strip()
        if one.kind == "words" and isinstance(value, str):
            value = [word.strip() for word in value.split(",") if word.strip()] or None
            if value and isinstance(one.value, list) and one.value and isinstance(one.value[0], int):
                value = _whole(one.label, value)
        if value in ("", None, []):
            # Left out it would be the default again, which is not nothing: of `time_column`, for one.
            value = None
            if not one.optional:
                result.pop(one.name, None)
                continue
        result[one.name] = value
    return result


def _whole(label: str, words: list[str]) -> list[int]:
    try:
        return [int(word) for word in words]
    except ValueError:
        raise UsageError(f"{label}: give whole numbers, divided by commas") from None


def _kind(name: str, annotation: Any, names: Sequence[str], is_path: bool) -> tuple[Kind, Sequence[str], bool]:
    """Return how a field is shown, what it is chosen from, and whether it may be left out."""
    inner = [one for one in get_args(annotation) if one is not type(None)]
    optional = type(None) in get_args(annotation)
    base = inner[0] if optional and inner else annotation
    if get_origin(base) is not None and hasattr(base, "__metadata__"):
        base = get_args(base)[0]
    if is_path:
        return "path", (), optional
    if get_origin(base) is Literal:
        return "choice", [str(one) for one in get_args(base)], optional
    if get_origin(base) is list:
        return ("columns" if name.endswith("_columns") and names else "words"), names, optional
    if name.endswith(("_column", "_key")) and names:
        return "column", names, optional
    plain: dict[Any, Kind] = {bool: "switch", int: "whole", float: "number"}
    return plain.get(base, "text"), (), optional
