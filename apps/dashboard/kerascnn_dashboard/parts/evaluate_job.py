"""How a page waits for a job: it looks every two seconds, and draws the whole page again when the job has ended."""

from __future__ import annotations

import streamlit as st

from kerascnn_dashboard.logic.jobs import Job
from kerascnn_dashboard.parts.frame import plain


def follow(job: Job, saying: str, name: str = "") -> None:
    """Say that a job runs, with the last thing that it said and a way to stop it, until it has ended."""
    key = f"job_{job.kind}{name and f'_{name}'}"

    @st.fragment(run_every=2, key=key)
    def look() -> None:
        if job.state() != "running":
            st.rerun()
        with st.container(horizontal=True, vertical_alignment="center"):
            st.info(saying)
            st.button("Stop", key=f"{key}_stop", on_click=job.stop)
        lines = [line for line in job.log().splitlines() if line.strip()]
        if lines:
            st.caption(plain(lines[-1][-200:]))

    look()


def ended_badly(job: Job, what: str, key: str) -> bool:
    """Say why a job failed, was stopped or lost, and offer to try again; return whether that was asked for."""
    state = job.state()
    if state == "stopped":
        st.warning(f"{what} was stopped.")
    else:
        first, _, rest = job.reason().partition("\n")
        st.error(f"{what} failed: {plain(first)}")
        if rest.strip():
            st.code(rest, language=None, wrap_lines=True)
        with st.expander("What it said"):
            st.code(job.log()[-4000:] or "nothing", language=None, wrap_lines=True)
    return st.button("Try again", key=key)


def tries(name: str) -> int:
    """Return how often something was tried again in this session."""
    return int(st.session_state.get(f"tries_{name}", 0))


def try_again(name: str) -> None:
    """Try something once more."""
    st.session_state[f"tries_{name}"] = tries(name) + 1
    st.rerun()
