"""Sources of data as versions and forms spell them out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kerascnn.spec.component import parse_component
from kerascnn.spec.kinds import Source


def source_of(fields: Mapping[str, Any]) -> Source:
    """Return the source that stands in `data.source`. Raises pydantic's ValidationError for what is wrong."""
    return parse_component(Source, dict(fields))  # type: ignore[type-abstract]
