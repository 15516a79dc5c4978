"""Ranges of numbers in specs, written [low, high]."""

from __future__ import annotations

from pydantic_core import PydanticCustomError


def ordered(value: tuple[float, float]) -> tuple[float, float]:
    """Return a range whose ends stand in their order; fail where they do not."""
    if value[0] > value[1]:
        raise PydanticCustomError("range", "should be [low, high], the smaller number first")
    return value
