"""Check: what is odd about the data, before anything is trained on them."""

from __future__ import annotations

import streamlit as st

from kerascnn.errors import KerasCnnError
from kerascnn_dashboard.logic.checks import Plan, is_current, last_check, plan_for, result_of, start_check
from kerascnn_dashboard.logic.jobs import Job
from kerascnn_dashboard.logic.project import Project, Version
from kerascnn_dashboard.parts.check_findings import findings
from kerascnn_dashboard.parts.check_look import look
from kerascnn_dashboard.parts.check_result import bars, figures
from kerascnn_dashboard.parts.check_split import split
from kerascnn_dashboard.parts.frame import (
    as_command,
    complain,
    complaining,
    go,
    nonce,
    page,
    plain,
    project,
    spend,
)
from kerascnn_dashboard.parts.leaving import forget_other_project

EVERY = 1.0


def main() -> None:
    """Draw the page."""
    page("Check", "What is in the data, and what is odd about them. Nothing is trained yet.")
    here = project()
    forget_other_project(here, "check", "version", "show")
    with complaining():
        versions = here.versions()
        if not versions:
            st.info("There are no data yet: import them first.")
            go("data", "Bring data in", primary=True)
            return
        version = _choose(versions)
        reason = _checked(here, version, newest=version.name == versions[-1].name)
        st.divider()
        go("train", "Choose a template", primary=True, disabled=bool(reason))
        if reason:
            st.caption(plain(reason))


def _choose(versions: list[Version]) -> Version:
    names = [one.name for one in reversed(versions)]
    asked = st.query_params.get("version", "")
    if st.session_state.get("check_version") not in names:
        st.session_state["check_version"] = asked if asked in names else names[0]
    about = {one.name: f"{one.name}: {one.about}" for one in versions}
    chosen = st.selectbox("Version of the data", names, format_func=about.__getitem__, key="check_version")
    st.query_params["version"] = chosen
    return next(one for one in versions if one.name == chosen)


def _checked(here: Project, version: Version, *, newest: bool) -> str:
    """Draw the check of a version, started where there is none; return why training cannot begin, "" where it can."""
    try:
        plan = plan_for(here, version)
        job = last_check(here, version) or start_check(here, version, plan)
    except KerasCnnError as error:
        complain(error)
        return "The check cannot begin."
    state = job.state()
    if state == "running":
        st.fragment(_follow, run_every=EVERY)(job)
        as_command(job.command)
        return "The check is not done yet."
    found = result_of(job, version)
    if found is None:
        _failed(job, state)
        _again(here, version, plan)
        as_command(job.command)
        return "The check did not end well."
    if not is_current(version, plan, job):
        st.warning("The spec was changed on the page Train since this check.")
        _again(here, version, plan)
    elif plan.mistakes:
        st.info("The spec on the page Train has mistakes; the check went without it, with the balanced template.")
    figures(version, found)
    bars(found)
    findings(here, version, found, newest=newest)
    if newest:
        split(here, version, plan, found)
    look(here, version, plan, found)
    as_command(job.command)
    if found.blocking:
        names = ", ".join(one.id for one in found.blocking)
        return f"Deal with what is marked red first: {names}."
    return ""


def _follow(job: Job) -> None:
    if job.state() != "running":
        st.rerun()
    lines = [line for line in job.log().splitlines() if line.strip()]
    st.status(plain(lines[-1][:200]) if lines else "Starting the check ...")
    st.skeleton(height=120)
    if st.button("Stop", key="check_stop"):
        job.stop()


def _failed(job: Job, state: str) -> None:
    if state == "stopped":
        st.warning("The check was stopped.")
        return
    first, _, rest = job.reason().partition("\n")
    st.error(f"The check failed: {plain(first)}" if first else "What the check printed cannot be read.")
    if rest.strip():
        st.code(rest, language=None, wrap_lines=True)


def _again(here: Project, version: Version, plan: Plan) -> None:
    if st.button("Check again", key="check_again"):
        with complaining():
            start_check(here, version, plan, id=nonce("check"))
            spend("check")
            st.rerun()


main()
