"""What a page forgets when another project is opened on it."""

from __future__ import annotations

import streamlit as st

from kerascnn_dashboard.logic.project import Project


def forget_other_project(project: Project, screen: str, *names: str) -> None:
    """Drop what was chosen in another project: from the session, and from the address.

    `names` are those of the address; widgets have them behind the page's: `predict_run`.
    """
    before = st.session_state.get(f"{screen}_project", project.name)
    st.session_state[f"{screen}_project"] = project.name
    if before != project.name:
        for name in names:
            st.query_params.pop(name, None)
            st.session_state.pop(f"{screen}_{name}", None)
