"""Which part of the spec is being built: for errors, and for `summary`.

Components build symbolic Keras tensors. `at("layers", 3)` says where in the spec the code inside it stands; an error of
Keras inside becomes a BuildError with that path, and `Trace.claim` gives the new Keras operations their path. Nothing
here imports keras: an operation is reached through the history that every symbolic Keras tensor carries.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from kerascnn.errors import BuildError, KerasCnnError


@dataclass
class Trace:
    """The spec path of every Keras operation built while it was active."""

    paths: dict[int, str] = field(default_factory=dict)
    """Spec path by the `id` of the Keras operation."""
    layers: int = 0
    """Number of components applied."""

    def claim(self, outputs: Any, path: str) -> None:
        """Give every operation between known ones and these outputs the path, unless a nearer one had it before."""
        stack = list(_tensors(outputs))
        while stack:
            history = getattr(stack.pop(), "_keras_history", None)
            if history is None or id(history.operation) in self.paths:
                continue
            self.paths[id(history.operation)] = path
            stack.extend(_tensors(history.operation._inbound_nodes[history.node_index].input_tensors))


_path: ContextVar[tuple[str, ...]] = ContextVar("path", default=())
_trace: ContextVar[Trace | None] = ContextVar("trace", default=None)


@contextmanager
def tracing() -> Iterator[Trace]:
    """Collect the spec paths of what is built inside."""
    trace = Trace()
    token = _trace.set(trace)
    try:
        yield trace
    finally:
        _trace.reset(token)


@contextmanager
def at(*parts: str | int) -> Iterator[None]:
    """Say that the code inside builds this part of the spec, relative to the part around it.

    Raises BuildError, with the path, in place of any error that Keras raises about shapes or arguments.
    """
    token = _path.set((*_path.get(), *(str(part) for part in parts)))
    try:
        yield
    except KerasCnnError:
        raise
    except (ValueError, TypeError, RecursionError, OverflowError) as error:
        raise BuildError(_say(error), current_path()) from error
    finally:
        _path.reset(token)


def current_path() -> str:
    """Return the path of the spec that is being built, "" outside of any."""
    return ".".join(_path.get())


def claim(outputs: Any) -> None:
    """Give the operations that led to these outputs the current path, where somebody is tracing."""
    trace = _trace.get()
    if trace is not None:
        trace.claim(outputs, current_path())


def count_layer() -> int:
    """Count one more layer, and return how many there are in the network that is being built."""
    trace = _trace.get()
    if trace is None:
        return 0
    trace.layers += 1
    return trace.layers


def _say(error: BaseException) -> str:
    """Return the first paragraph of an error's message on one line; Keras's later ones speak of its own code."""
    if isinstance(error, RecursionError):
        return "the network is too deep for Keras to build"
    text = str(error).strip().split("\n\n")[0]
    if text.startswith("Exception encountered when calling"):
        inner = [line for line in str(error).strip().split("\n\n") if not line.startswith("Exception encountered")]
        text = inner[0] if inner else text
    return " ".join(text.replace("\x1b[1m", "").replace("\x1b[0m", "").split()) or type(error).__name__


def _tensors(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return [tensor for item in value.values() for tensor in _tensors(item)]
    if isinstance(value, list | tuple):
        return [tensor for item in value for tensor in _tensors(item)]
    return [value]
