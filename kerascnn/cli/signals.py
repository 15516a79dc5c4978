"""Ctrl-C and SIGTERM end a training in order: the model so far is kept, and the run folder says so."""

from __future__ import annotations

import signal
from types import FrameType
from typing import Any, Self

from kerascnn.errors import StoppedError

_CODES = {signal.SIGINT: 130, signal.SIGTERM: 75}


class Stopper:
    """While entered, a first signal asks for a stop, which training sees after its step; a second one ends at once.

    Calling it returns the exit code that was asked for, or None.
    """

    def __init__(self) -> None:
        self._code: int | None = None
        self._asked_by_training = False
        self._before: dict[signal.Signals, Any] = {}

    def __call__(self) -> int | None:
        """Return the exit code that was asked for, or None; from now on a first signal waits to be seen here."""
        self._asked_by_training = True
        return self._code

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._on_signal) for number in _CODES}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        code = _CODES[signal.Signals(number)]
        if self._code is not None or not self._asked_by_training:
            # Twice, or before there is anything to keep.
            raise StoppedError("stopped on request before the first epoch was done" if self._code is None else
                               "stopped at once on a second request", code)  # fmt: skip
        self._code = code
