"""Labels that may be wrong, each with keep, another class or leave out; what is saved is a new version of the data."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from kerascnn.errors import counted
from kerascnn.runs.folder import RunFolder
from kerascnn_dashboard.logic import every_label
from kerascnn_dashboard.logic.cleaning import (
    KEEP,
    OUT,
    ConflictError,
    Judgement,
    changes,
    choices_of,
    judge,
    judged_in,
    save,
    say_changes,
    say_label,
)
from kerascnn_dashboard.logic.evaluation import run_version
from kerascnn_dashboard.logic.project import Project, Version
from kerascnn_dashboard.parts.evaluate_gallery import WIDTH, draw, look_at
from kerascnn_dashboard.parts.evaluate_job import ended_badly, follow
from kerascnn_dashboard.parts.frame import complaining, go, nonce, plain, spend, user


def clean(
    project: Project, run: RunFolder, report: Mapping[str, Any], found: Mapping[str, Any], key: str
) -> None:  # fmt: skip
    """Draw the labels that may be wrong as one form: `found` by `kerascnn failures`, `key` is the id of its job."""
    _saved(run)
    if st.session_state.get("conflict_of") == run.id:
        _conflict(project, run)
    found, key = _every_label(project, run, found, key)
    if found.get("label_errors") is None:
        for note in found.get("notes", []):
            st.caption(plain(note))
        return
    # What is saved goes on top of the version that was there when the form was drawn first.
    versions = {version.name: version for version in project.versions()}
    last = next(reversed(versions.values()), None)
    seen = versions.get(st.session_state.setdefault(f"seen_{key}", last.name if last else ""))
    judged = judged_in(project, seen)
    candidates = [row for row in found["label_errors"] if row["id"] not in judged]
    before = len(found["label_errors"]) - len(candidates) + int(found.get("judged") or 0)
    known = f" {before} {'was' if before == 1 else 'were'} judged before." if before else ""
    if not candidates:
        st.success(f"No label looks wrong that was not judged yet.{known}")
        return
    _intro(found, candidates, known)
    refused = _refusal(project, run, versions, seen)
    if refused:
        st.warning(refused)
    labels = [str(label) for label in report["labels"]]
    _form(project, run, candidates, labels, key, "" if refused or seen is None else seen.name, f"v{len(versions) + 1}")


def _every_label(
    project: Project, run: RunFolder, found: Mapping[str, Any], key: str
) -> tuple[Mapping[str, Any], str]:  # fmt: skip
    """Offer to look at every label, follow that, and return what it found in the place of what was found before."""
    job = project.jobs.last(every_label.KIND, run=run.id)
    if job is not None and job.id == st.session_state.get("nonce_every_label"):
        spend("every_label")
    state = "" if job is None else job.state()
    if job is not None and state == "done":
        st.caption(f"Every label was looked at, by {every_label.FOLDS} models that had not learnt it.")
        return job.output(), job.id
    if job is not None and state == "running":
        follow(job, f"Looking at every label: {every_label.FOLDS} models are trained, each on other samples.")
        return found, key
    if job is not None and ended_badly(job, "The look at every label", "every_label_again"):
        _start(project, run)
    if job is None:
        with st.expander("Look at every label"):
            many = every_label.FOLDS
            st.write(
                "A model can judge only labels that it has not learnt, those of the validation and the test split. To "
                f"look at every label, {many} further models are trained with the settings of this run, each on other "
                f"samples. That takes about {many} times as long as this run did."
            )
            if st.button("Look at every label", key="every_label"):
                _start(project, run)
    return found, key


def _start(project: Project, run: RunFolder) -> None:
    every_label.start(project, run, nonce("every_label"))
    st.rerun()


def _intro(found: Mapping[str, Any], candidates: Sequence[Mapping[str, Any]], known: str) -> None:
    expected, more = found.get("label_errors_expected"), found["label_errors_found"] - len(found["label_errors"])
    about = f"; among all that were looked at about {expected} are to be expected" if expected else ""
    others = f" {more} more come when these are judged." if more else ""
    many = counted(len(candidates), "label", "labels")
    st.markdown(f"**{many}** may be wrong{about}. Look at each: the model only suspects.{known}{others}")


def _refusal(
    project: Project, run: RunFolder, versions: Mapping[str, Version], seen: Version | None
) -> str:  # fmt: skip
    """Return why judgements of this run cannot be saved; "" where they can."""
    made = run_version(project, run, list(versions.values()))
    if made is None or seen is None:
        return "This run was not made on a version of this project's data: labels cannot be saved for it here."
    if versions[made].data.get("source") != seen.data.get("source"):
        return f"{seen.name} has its data from elsewhere than this run: train on it, then look at its labels."
    return ""


def _form(
    project: Project, run: RunFolder, candidates: Sequence[Mapping[str, Any]], labels: Sequence[str], key: str,
    base: str, name: str,
) -> None:  # fmt: skip
    """Draw the form; `base` is the version that is judged, "" where nothing can be saved; `name` that of the new."""
    looks = look_at(run, [row["id"] for row in candidates])
    chosen: dict[str, str] = {}
    with st.form(f"clean_{key[-8:]}"):
        with st.grid(min_column_width=max(220, WIDTH)):
            for row in candidates:
                with st.container(border=True):
                    if row["id"] in looks:
                        draw(looks[row["id"]])
                    chosen[row["id"]] = _card(row, labels, _key(key, row["id"]))
        with st.container(horizontal=True):
            count = st.form_submit_button("Count my changes", key="count_changes")
            kept = st.form_submit_button(f"Save as {name}", type="primary", disabled=not base, key="save_fixes")
    if not count and not kept:
        return
    with complaining():
        judgements = judge(candidates, chosen, labels, user())
        if count:
            many = changes(judgements)
            st.info(f"{many} change{'' if many == 1 else 's'}: {say_changes(judgements)}.")
        else:
            _save(project, run, judgements, base, key)


def _card(row: Mapping[str, Any], labels: Sequence[str], key: str) -> str:
    """Draw what is said of one sample and the choice; return what was chosen."""
    own, suggested = say_label(row["label"]) or "nothing", say_label(row["suggested"]) or "nothing"
    st.markdown(
        f"Labelled **{plain(own)}** ({row['probability']:.0%}), seems to be **{plain(suggested)}** "
        f"({row['suggested_probability']:.0%})"
    )
    said = {KEEP: f"Keep: {own}", OUT: "Leave out"}
    options = [KEEP, *choices_of(row, labels), OUT]
    choice = st.selectbox(
        str(row["id"]), options, key=key, format_func=lambda one: said.get(one, f"Is: {one or 'nothing'}")
    )
    return str(choice)


def _save(
    project: Project, run: RunFolder, judgements: Sequence[Judgement], base: str, key: str, *, on_top: bool = False
) -> None:  # fmt: skip
    """Save, and draw the page again; a conflict is kept, to be looked at."""
    try:
        made = save(project, judgements, after=base, by=user(), on_top=on_top)
    except ConflictError as conflict:
        st.session_state["conflict_of"] = run.id
        st.session_state["conflict"] = (base, key, conflict.newest, conflict.theirs, conflict.mine)
        st.rerun()
    st.session_state.pop("conflict_of", None)
    st.session_state.pop(f"seen_{key}", None)
    st.session_state["cleaned"] = (run.id, made.name, made.about)
    st.rerun()


def _saved(run: RunFolder) -> None:
    """Say what was saved, and offer the next step."""
    of, name, about = st.session_state.get("cleaned", ("", "", ""))
    if of != run.id:
        return
    st.success(f"Saved as {name}: {plain(about)}.")
    begin: dict[str, Any] = {"from": run.id}
    go("train", f"Train again on {name}", primary=True, key="train_again", **begin)


def _conflict(project: Project, run: RunFolder) -> None:
    """Show what somebody else has saved meanwhile beside what was just chosen."""
    base, key, newest, theirs, mine = st.session_state["conflict"]
    assert isinstance(newest, Version)
    who = plain(newest.by or "Somebody")
    st.warning(f"{who} made {newest.name} while you worked on {base}. Nothing of yours is saved yet.")
    left, right = st.columns(2)
    left.markdown(f"**{newest.name}** changed beside {base}")
    left.dataframe(_rows(theirs) or [{"sample": "other data", "judgement": newest.about}], hide_index=True,
                   alt=f"changes of {newest.name}")  # fmt: skip
    right.markdown("**Yours**")
    right.dataframe(_rows([one for one in mine if one.action != KEEP]), hide_index=True, alt="your changes")
    with st.container(horizontal=True):
        onto = st.button(f"Put mine on top of {newest.name}", key="conflict_on_top", type="primary")
        forget = st.button("Forget mine", key="conflict_forget")
    if onto:
        with complaining():
            _save(project, run, mine, base, key, on_top=True)
    if forget:
        st.session_state.pop("conflict_of", None)
        st.session_state.pop(f"seen_{key}", None)
        st.rerun()


def _rows(judgements: Sequence[Judgement]) -> list[dict[str, str]]:
    return [{"sample": one.id, "judgement": one.say()} for one in judgements]


def _key(key: str, name: str) -> str:
    """Return the key of a sample's choice: the same whichever others stand beside it."""
    return f"fix_{key[-8:]}_{hashlib.sha256(name.encode('utf-8', 'surrogateescape')).hexdigest()[:12]}"
