"""What the checks share: how a failed one speaks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from kerascnn.spec import Component


def hold(fact: object, message: str) -> None:
    """Raise AssertionError with the message where the fact does not hold; `assert` is silent in `python
    -O`."""
    if not fact:
        raise AssertionError(message)


@contextmanager
def doing(what: str) -> Iterator[None]:
    """Turn any error of the code inside into an AssertionError that says what was being done."""
    try:
        yield
    except AssertionError:
        raise
    except Exception as error:  # a stranger's component may raise anything
        text = " ".join(str(error).split())
        raise AssertionError(f"{what} fails with {type(error).__name__}: {text}") from error


def title(component: Component) -> str:
    """Return what a message calls a component: `layer 'conv2d'`."""
    cls = type(component)
    return f"{cls.kind or 'component'} '{cls.type_name or cls.__qualname__}'"
