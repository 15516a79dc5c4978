"""Two runs beside each other: figures with the paired test, what was fixed and what broke, what was set otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from kerascnn.runs.folder import RunFolder
from kerascnn_dashboard.logic.comparing import common, compare, say_tests, settings_of, side_by_side, spec_rows
from kerascnn_dashboard.logic.evaluation import evaluate_command, has_answers, report_of
from kerascnn_dashboard.logic.models import say_run
from kerascnn_dashboard.logic.project import Project
from kerascnn_dashboard.parts.evaluate_gallery import gallery
from kerascnn_dashboard.parts.evaluate_job import ended_badly, follow, tries, try_again
from kerascnn_dashboard.parts.frame import nonce, plain, spend


def comparison(project: Project, run: RunFolder, other: RunFolder, report: Mapping[str, Any]) -> None:
    """Draw how the other run (A) and this one (B) do on the same samples."""
    split = report["split"]
    st.markdown(f"A: {plain(say_run(other))}  \nB: {plain(say_run(run))} (the one above)")
    before = report_of(other, split)
    if before is None:
        _evaluate(project, other, split)
        return
    job = compare(project, other, run, (before, report), tries("compare"))
    state = job.state()
    if state == "running":
        st.dataframe(side_by_side(before, report), hide_index=True, alt="figures of both runs")
        follow(job, "Comparing both on the same samples ...")
    elif state != "done":
        both = common(other, run, split) if has_answers(other, split) and has_answers(run, split) else None
        if both is not None:
            st.markdown(f"**{plain(both.say())}**")
        _figures(before, report)
        if both is not None:
            st.caption(plain(f"The two runs cannot be compared as wholes: {job.reason()}"))
            _changed(project, run, {"fixed": both.fixed, "broke": both.broke})
        elif ended_badly(job, "The comparison", "compare_again"):
            try_again("compare")
        _settings(settings_of(other, run))
    else:
        _found(project, run, job.output(), side_by_side(before, report))


def _figures(before: Mapping[str, Any], report: Mapping[str, Any]) -> None:
    """Draw the figures of two runs that may be of different samples."""
    st.dataframe(side_by_side(before, report), hide_index=True, alt="figures of both runs")
    st.caption("These figures are each of the run's own samples; where those differ they say little.")


def _found(project: Project, run: RunFolder, found: Mapping[str, Any], rows: list[dict[str, str]]) -> None:
    st.markdown(f"**{plain(found['verdict'])}**")
    st.dataframe(rows, hide_index=True, alt="figures of both runs")
    for sentence in say_tests(found):
        st.caption(plain(sentence))
    _changed(project, run, found)
    _settings(spec_rows(found))


def _settings(settings: list[dict[str, str]]) -> None:
    """Draw the settings that differ."""
    st.markdown("**What was set otherwise**")
    if settings:
        st.dataframe(settings, hide_index=True, alt="settings that differ")
    else:
        st.caption("Nothing: both have the same settings.")


def _changed(project: Project, run: RunFolder, found: Mapping[str, Any]) -> None:
    """Draw the samples on which one run is right and the other is not."""
    for key, title in (("fixed", "Fixed: A was wrong, B is right"), ("broke", "Broken: A was right, B is wrong")):
        if found.get(key) is None:
            continue
        st.markdown(f"**{title}: {len(found[key])}**")
        if found[key]:
            gallery(project, run, [(name, "") for name in found[key]], key)


def _evaluate(project: Project, run: RunFolder, split: str) -> None:
    """Offer to evaluate the other run, too."""
    job = project.jobs.last("evaluate", run=run.id, split=split)
    if job is not None and job.id == st.session_state.get("nonce_evaluate_other"):
        spend("evaluate_other")
    if job is not None and job.state() == "running":
        follow(job, "Evaluating the other run, too ...")
        return
    if job is not None and job.state() in ("failed", "lost"):
        st.error(plain(job.reason().partition("\n")[0]))
    st.info(f"The other run was not evaluated on the {split} split.")
    command = evaluate_command(project, run, split)
    if st.button("Evaluate it, too", key="evaluate_other", type="primary"):
        facts = {"run": run.id, "split": split}
        project.jobs.start("evaluate", command, id=nonce("evaluate_other"), facts=facts)
        st.rerun()
