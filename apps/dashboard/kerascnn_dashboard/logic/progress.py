"""How far a job is: lines in its log, `progress 0.35 unpacked 12 of 34 files`, which the page reads."""

from __future__ import annotations

import re
import sys
import time

_LINE = re.compile(r"progress (\d\.\d{3}) (.*)")
_last = [0.0]


def tell(done: float, text: str) -> None:
    """Say how much is done, from 0 to 1; not more often than a few times a second."""
    now = time.monotonic()
    if 0 < done < 1 and now - _last[0] < 0.3:
        return
    _last[0] = now
    print(f"progress {min(max(done, 0.0), 1.0):.3f} {' '.join(text.split())}", file=sys.stderr, flush=True)  # noqa: T201


def progress(log: str) -> tuple[float, str]:
    """Return the last that a log says, and without the numbers what else it says.

    >>> progress("progress 0.350 unpacked 12 of 34 files")
    (0.35, 'unpacked 12 of 34 files')
    """
    for line in reversed(log.splitlines()):
        match = _LINE.fullmatch(line.strip())
        if match:
            return float(match[1]), match[2]
    return 0.0, "starting"
