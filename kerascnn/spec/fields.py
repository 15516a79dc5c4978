"""Field types that several components share."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError


def _two(high: int, message: str, *, one_will_do: bool) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        if one_will_do and isinstance(value, int) and not isinstance(value, bool):
            value = (value, value)
        whole = isinstance(value, list | tuple) and all(type(item) is int for item in value)
        if not whole or len(value) != 2 or not all(1 <= item <= high for item in value):
            raise PydanticCustomError("two_numbers", "should be {expected}", {"expected": message})
        return tuple(value)

    return check


def _schema(high: int, *, one_will_do: bool) -> WithJsonSchema:
    one = {"type": "integer", "minimum": 1, "maximum": high}
    two = {"type": "array", "prefixItems": [one, one], "minItems": 2, "maxItems": 2, "items": False}
    return WithJsonSchema({"anyOf": [one, two]} if one_will_do else two)


Pair = Annotated[
    tuple[int, int],
    Field(strict=False),
    BeforeValidator(_two(8192, "a whole number from 1 to 8192, or two of them as [height, width]", one_will_do=True)),
    _schema(8192, one_will_do=True),
]
"""One whole number for both, or [height, width]."""

ImageSize = Annotated[
    tuple[int, int],
    Field(strict=False),
    BeforeValidator(_two(8192, "two whole numbers from 1 to 8192: [height, width] in pixels", one_will_do=False)),
    _schema(8192, one_will_do=False),
]
"""[height, width] in pixels."""


PART_NAMES = ("stem", *(f"P{level}" for level in range(9)), "out", "backbone", "batch_norm", "head")
"""Parts of a network: the layers up to its first feature, those up to a feature, and the whole of a kind."""
PartName = Literal[
    "stem", "P0", "P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8", "out", "backbone", "batch_norm", "head"
]  # fmt: skip


def _one_or_more(value: Any) -> Any:
    if value == "none":
        return []
    return [value] if isinstance(value, str) else value


_PARTS: dict[str, Any] = {"type": "string", "enum": list(PART_NAMES)}
PartNames = Annotated[
    list[PartName],
    BeforeValidator(_one_or_more),
    WithJsonSchema({"anyOf": [{"type": "string", "enum": ["none", *PART_NAMES]}, {"type": "array", "items": _PARTS}]}),
]
"""none, the name of one part of a network, or a list of names."""


def _pattern(value: str) -> str:
    try:
        re.compile(value)
    except (re.error, RecursionError, OverflowError) as error:
        raise PydanticCustomError("pattern", "should be a regular expression: {why}", {"why": str(error)}) from None
    return value


RegularExpression = Annotated[
    str, Field(min_length=1, max_length=200, json_schema_extra={"format": "regex"}), AfterValidator(_pattern)
]
"""A regular expression in Python's syntax."""


def _rising(value: tuple[float, float]) -> tuple[float, float]:
    if value[0] >= value[1]:
        raise PydanticCustomError("range", "should be [low, high], the smaller number first")
    return value


Range = Annotated[tuple[float, float], Field(strict=False), AfterValidator(_rising)]
"""[low, high]: two numbers, the smaller one first."""
