"""Judgements on labels that may be wrong, saved as a file of fixes and a new version of the data.

The file is one for `data.fixes`: id, action (keep, relabel, leave_out), label, by, why. Judgements of earlier versions
go into it, so that one file says all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from kerascnn.errors import UsageError, counted
from kerascnn.runs.atomic import write_bytes
from kerascnn.sources.fix_file import DIVIDER, Fix, csv_of, read_fixes
from kerascnn_dashboard.logic.jobs import new_id
from kerascnn_dashboard.logic.project import Project, Version

KEEP = "keep"
OUT = "leave_out"
RELABEL = "relabel"


class Judgement(Fix):
    """What somebody said of one sample, as a line of a fixes file."""

    def say(self) -> str:
        """Return it in words."""
        said = {KEEP: "keep", OUT: "leave out", RELABEL: f"is {self.label or 'nothing'}"}.get(self.action, self.action)
        return f"{said} ({self.by})" if self.by else said


class ConflictError(UsageError):
    """Somebody else made a newer version meanwhile."""

    def __init__(self, newest: Version, theirs: Sequence[Judgement], mine: Sequence[Judgement]):
        self.newest, self.theirs, self.mine = newest, tuple(theirs), tuple(mine)
        who = f"{newest.by} made" if newest.by else "somebody made"
        super().__init__(f"{who} {newest.name} while you worked on an earlier version; look at both")


def say_label(label: Any) -> str:
    """Return a class, or several, as it stands in a fixes file."""
    return DIVIDER.join(map(str, label)) if isinstance(label, list) else str(label)


def choices_of(candidate: Mapping[str, Any], labels: Sequence[str]) -> list[str]:
    """Return what a doubted sample may be instead, the likeliest first."""
    own, suggested = say_label(candidate["label"]), say_label(candidate["suggested"])
    others = labels if isinstance(candidate["label"], str) else ()
    return [suggested, *(label for label in others if label not in (own, suggested))]


def judge(
    candidates: Sequence[Mapping[str, Any]], chosen: Mapping[str, str], labels: Sequence[str], by: str = ""
) -> list[Judgement]:
    """Return the judgements that a form gave: by id "keep", "leave_out", or the class that is right.

    What is not chosen is kept. Raises UsageError for what no form offers.
    """
    found = []
    for candidate in candidates:
        choice = chosen.get(candidate["id"], KEEP)
        own, suggested = say_label(candidate["label"]), say_label(candidate["suggested"])
        why = f"labelled {own or 'nothing'}, seemed to be {suggested or 'nothing'}"
        if choice in (KEEP, OUT):
            found.append(Judgement(candidate["id"], choice, "", by, why))
        elif choice in choices_of(candidate, labels):
            found.append(Judgement(candidate["id"], RELABEL, choice, by, why))
        else:
            raise UsageError(f"'{choice[:80]}' is no class that {candidate['id']} may be of")
    return found


def changes(judgements: Sequence[Judgement]) -> int:
    """Return how many of them change the data."""
    return sum(one.action != KEEP for one in judgements)


def say_changes(judgements: Sequence[Judgement]) -> str:
    """Return a sentence on how many there are of each."""
    many = {action: sum(one.action == action for one in judgements) for action in (RELABEL, OUT, KEEP)}
    labels = counted(many[RELABEL], "label changed", "labels changed")
    return f"{labels}, {many[OUT]} left out, {many[KEEP]} kept as they are"


def save(
    project: Project, judgements: Sequence[Judgement], *, after: str, by: str = "", on_top: bool = False
) -> Version:
    """Write a file of fixes with these judgements and those made before, and the version of the data that has it.

    `after` is the version that was judged. Where a newer one is there ConflictError is raised, which holds both; with
    `on_top` these judgements are laid over the newest one, where that is of the same source. Raises UsageError where
    nothing is changed.
    """
    if not changes(judgements):
        raise UsageError("no label is changed and nothing is left out; there is nothing to save")
    base, newest = project.version(after), project.version()
    if newest.name != base.name:
        if not on_top:
            raise ConflictError(newest, made_between(project, base, newest), judgements)
        if newest.data.get("source") != base.data.get("source"):
            raise UsageError(
                f"{newest.name} has its data from elsewhere than {base.name}; train on it, then look at its labels"
            )
    merged = {one.id: one for one in [*fixes_of(project, newest), *judgements]}
    file = project.folder / "data" / f"fixes-{new_id()}.csv"
    write_bytes(file, csv_of(merged.values()))
    data = {**newest.data, "fixes": str(file)}
    try:
        return project.add_version(
            data, "cleaning", f"{newest.name} with {say_changes(judgements)}", by=by, after=newest.name,
            facts={key: newest.facts[key] for key in ("classes", "planted") if key in newest.facts},
        )  # fmt: skip
    except UsageError:
        file.unlink(missing_ok=True)
        newer = project.version()
        raise ConflictError(newer, made_between(project, base, newer), judgements) from None
    except BaseException:
        file.unlink(missing_ok=True)
        raise


def made_between(project: Project, base: Version, newest: Version) -> list[Judgement]:
    """Return the judgements that a newer version has and an earlier one has not."""
    before = {one.id: one for one in fixes_of(project, base)}
    return [one for one in fixes_of(project, newest) if before.get(one.id) != one]


def judged_in(project: Project, version: Version | None) -> set[str]:
    """Return the samples that were judged up to a version."""
    return set() if version is None else {one.id for one in fixes_of(project, version)}


def fixes_of(project: Project, version: Version) -> list[Judgement]:
    """Return the judgements that stand in a version's file. Raises DataError where it cannot be read."""
    path = version.data.get("fixes")
    return [] if not path else judgements_in(project.folder / str(path))


def judgements_in(file: Path) -> list[Judgement]:
    """Return the lines of a fixes file, `.csv` or `.yaml`. Raises DataError with every line that is no judgement."""
    return [Judgement(**asdict(fix)) for _, fix in read_fixes(str(file))[1]]
