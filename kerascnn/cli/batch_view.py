"""How a batch goes, on stderr: a line for each job and the whole with the time left, or a line for each change."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from kerascnn.cli.output import note, safe
from kerascnn.jobs.outcome import Outcome, outcome

if TYPE_CHECKING:
    from kerascnn.jobs.queue import Job


def make_view(many: int, *, quiet: bool = False) -> Silent:
    """Return the view that fits stderr, for so many jobs at a time."""
    if quiet:
        return Silent(many)
    return Table(many) if sys.stderr.isatty() else Changes(many)


class Silent:
    """Shows nothing; it knows how long the rest will take."""

    def __init__(self, many: int):
        self.many, self._began = many, time.monotonic()
        self._at_start: float | None = None

    def __call__(self, jobs: list[Job]) -> None:
        """Take how all jobs stand."""

    def close(self) -> None:
        """Show nothing more."""

    def seconds_left(self, found: list[Outcome]) -> float | None:
        """Return how long the rest will take at the pace so far, None where nothing is known of it yet."""
        done = sum(_share(one) for one in found)
        if self._at_start is None:
            self._at_start = done
        fresh = done - self._at_start
        return (time.monotonic() - self._began) / fresh * (len(found) - done) if fresh > 0.01 else None


class Changes(Silent):
    """A line whenever a job begins or ends."""

    def __init__(self, many: int):
        super().__init__(many)
        self._before: dict[str, str] = {}

    def __call__(self, jobs: list[Job]) -> None:
        """Print what changed."""
        changed = [job for job in jobs if self._before.get(job.id, "waiting") != job.state]
        if not changed:
            return
        found = [outcome(job) for job in jobs]
        self._before = {job.id: job.state for job in jobs}
        ended = sum(job.state not in ("waiting", "running") for job in jobs)
        left = self.seconds_left(found)
        for one in found:
            if one.id in {job.id for job in changed}:
                eta = f"; about {_minutes(left)} left" if left and ended < len(jobs) else ""
                note(f"{ended}/{len(jobs)} done{eta}: {_line(one)}")


class Table(Silent):
    """A line for each job, and one for the whole, drawn anew twice a second."""

    def __init__(self, many: int):
        super().__init__(many)
        from rich.console import Console
        from rich.live import Live

        self._live: Any = Live(console=Console(stderr=True), auto_refresh=False, transient=True)
        self._live.start()

    def __call__(self, jobs: list[Job]) -> None:
        """Draw all jobs; of many those that run, the last that ended and the next."""
        from rich.text import Text

        found = [outcome(job) for job in jobs]
        running = [one for one in found if one.state == "running"]
        others = [one for one in found if one.state not in ("running", "waiting")][-5:]
        waiting = [one for one in found if one.state == "waiting"]
        lines = [_line(one) for one in [*others, *running, *waiting[:5]]]
        if len(waiting) > 5:
            lines.append(f"... and {len(waiting) - 5} more wait")
        left = self.seconds_left(found)
        ended = len(found) - len(running) - len(waiting)
        lines.append(f"{ended} of {len(found)} done" + (f", about {_minutes(left)} left" if left else ""))
        self._live.update(Text(safe("\n".join(lines))), refresh=True)

    def close(self) -> None:
        """Take the lines away."""
        self._live.stop()


def _share(one: Outcome) -> float:
    """Return how much of a job is done, 0 to 1."""
    if one.state not in ("waiting", "running"):
        return 1.0
    return min(one.epochs / one.of, 1.0) if one.of else 0.0


def _line(one: Outcome) -> str:
    epochs = f"  epoch {one.epochs}/{one.of}" if one.state == "running" and one.of else ""
    shown = "".join(f"  {name} {value:.4f}" for name, value in one.shown.items())
    why = f": {one.reason.splitlines()[0]}" if one.state == "failed" and one.reason else ""
    return f"{one.name}: {one.state}{epochs}{shown}{why}"


def _minutes(seconds: float) -> str:
    whole = round(seconds)
    return (
        f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"
        if whole >= 3600
        else f"{whole // 60}:{whole % 60:02d}"
    )
