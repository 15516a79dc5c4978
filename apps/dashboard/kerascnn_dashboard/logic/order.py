"""The order in which the trainings of a project begin that wait for their turn."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kerascnn.jobs.queue import Queue
from kerascnn_dashboard.logic.project import Project
from kerascnn_dashboard.logic.training import Live


@dataclass(frozen=True)
class Place:
    """Where one that waits stands among those of its project that wait."""

    number: int
    """From 0 on."""
    of: int


def in_turn(found: Iterable[Live]) -> list[Live]:
    """Return the trainings that change by themselves: what runs, then what waits, the next one first."""
    return sorted(
        (one for one in found if one.is_live), key=lambda one: (one.state == "waiting", one.ahead, one.created)
    )


def place_of(project: Project, live: Live) -> Place | None:
    """Return the place of a training, None where it does not wait."""
    waiting = _waiting(project) if live.state == "waiting" else []
    job = live.job.id if live.job is not None else ""
    return Place(waiting.index(job), len(waiting)) if job in waiting else None


def move(project: Project, live: Live, by: int) -> bool:
    """Let a training that waits begin so many places earlier (less than 0) or later; return whether it was moved.

    One that has begun meanwhile, or is taken back, stays as it is.
    """
    waiting = _waiting(project)
    job = live.job.id if live.job is not None else ""
    if job not in waiting:
        return False
    here = waiting.index(job)
    there = min(max(here + by, 0), len(waiting) - 1)
    queue = Queue(project.runs)
    if there < here:
        queue.move(job, waiting[there])
    for other in waiting[here + 1 : there + 1]:  # the others come before it, one after the other
        queue.move(other, job)
    return there != here


def _waiting(project: Project) -> list[str]:
    return [job.id for job in Queue(project.runs).jobs() if job.state == "waiting"]
