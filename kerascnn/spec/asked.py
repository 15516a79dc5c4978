"""Components that are asked for on a command line or in Python, and in no spec."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from kerascnn.errors import UsageError
from kerascnn.spec.component import C, parse_component
from kerascnn.spec.messages import say


def asked_for(kind: type[C], given: str | Mapping[str, Any] | C, what: str) -> C:
    """Return a component by its name, or as it would stand in a spec. Raises UsageError; `what` stands for a lost name.

    >>> from kerascnn.spec import Explainer
    >>> asked_for(Explainer, "grad_cam", "the method").type_name
    'grad_cam'
    """
    if isinstance(given, kind):
        return given
    spelled = {"type": given} if isinstance(given, str) else dict(given)
    try:
        return parse_component(kind, spelled)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"] if part != "type")
        raise UsageError(f"{spelled.get('type', what)}{f', {place}' if place else ''}: {say(first)[0]}") from None
