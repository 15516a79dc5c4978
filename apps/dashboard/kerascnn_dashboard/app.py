"""The frame around every page: who may come in, which project is open, what runs, and the way to the pages."""

from __future__ import annotations

import os
from pathlib import Path

import streamlit as st

from kerascnn.errors import KerasCnnError
from kerascnn_dashboard.logic.order import in_turn
from kerascnn_dashboard.logic.plugin_pages import plugin_pages
from kerascnn_dashboard.logic.project import Project
from kerascnn_dashboard.logic.training import keep_working, trainings
from kerascnn_dashboard.parts.frame import PAGES, home, plain, user
from kerascnn_dashboard.parts.plugin_page import as_navigation
from kerascnn_dashboard.server import LOGIN

HERE = Path(__file__).parent
WORK = ("home", "data", "check", "train", "evaluate", "predict", "report")


def main() -> None:
    """Draw the frame, then the page."""
    st.set_page_config("kerascnn", page_icon=str(HERE / "icon.png"), layout="wide")
    _let_in()
    pages = {
        name: st.Page(HERE / "screens" / f"{name}.py", title=PAGES[name], default=name == "home") for name in PAGES
    }
    groups = {
        "Work": [pages[name] for name in WORK],
        "Keep": [pages[name] for name in PAGES if name not in WORK],
    }
    for added in plugin_pages():
        groups.setdefault(added.page.group, []).append(as_navigation(added))
    current = st.navigation(groups)
    with st.sidebar:
        _choose_project()
        _what_runs()
        _who()
    if st.session_state.get("project"):
        st.query_params["project"] = st.session_state["project"]
    current.run()


def _let_in() -> None:
    """End the page for those whom the login does not know."""
    login = os.environ.get(LOGIN, "none")
    if login == "oidc" and not st.user.is_logged_in:
        st.title("kerascnn", anchor=False)
        st.write("From data to a trained model. Log in to see the projects of this server.")
        st.button("Log in", type="primary", on_click=st.login)
        st.stop()
    if login.startswith("header:") and not user():
        st.error(f"The proxy in front of this server names nobody in the header {plain(login.partition(':')[2])}.")
        st.stop()


def _who() -> None:
    """Say who works, where there is a login."""
    if name := user():
        st.caption(f"Logged in as {plain(name)}")
    if os.environ.get(LOGIN) == "oidc":
        st.button("Log out", on_click=st.logout)


def _choose_project() -> None:
    """Draw the choice of project. What the address names when the page is opened is chosen."""
    found = {one.name: one.facts().title for one in home().projects() if isinstance(one, Project)}
    state = st.session_state
    if state.get("project") not in found:
        asked = st.query_params.get("project")
        state["project"] = asked if asked in found else None
    if not found:
        return
    state["project_choice"] = state["project"]
    st.selectbox(
        "Project",
        list(found),
        key="project_choice",
        index=None,
        format_func=lambda name: found.get(name, str(name)),
        placeholder="Choose a project",
        on_change=_chosen,
    )


def _chosen() -> None:
    """Open another project: what the address says of the old one is gone."""
    st.query_params.clear()
    st.session_state["project"] = st.session_state["project_choice"]


@st.fragment(run_every=5)
def _what_runs() -> None:
    """Name what trains and what waits, in every project, with a link to each; see to it that queues are worked on."""
    lines = []
    for project in home().projects():
        if not isinstance(project, Project):
            continue
        try:
            keep_working(project)
            live = in_turn(trainings(project))
        except KerasCnnError as error:
            lines.append(f":red[{plain(project.name)}: {plain(error)}]")
            continue
        for one in live:
            said = "waits" if one.state == "waiting" else "trains"
            title = plain(project.facts().title)
            address = f"/train?project={project.name}&run={one.id}"
            lines.append(f"[{plain(one.title)} {said}]({address})  \n:gray[{title}]")
    if lines:
        st.caption("Running now")
        for line in lines:
            st.markdown(line)


main()
