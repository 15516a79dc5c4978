"""Data: bringing data in, in three ways, and the versions that there are."""

from __future__ import annotations

import streamlit as st

from kerascnn_dashboard.logic import imports
from kerascnn_dashboard.logic.layouts import layout
from kerascnn_dashboard.logic.project import Project, Version
from kerascnn_dashboard.logic.tasks import AboutTask, ready_tasks
from kerascnn_dashboard.parts.data_import import show_import
from kerascnn_dashboard.parts.data_versions import show_versions
from kerascnn_dashboard.parts.data_ways import WAYS, show_way
from kerascnn_dashboard.parts.frame import complaining, go, page, plain, project


def main() -> None:
    """Draw the page."""
    page(
        "Data", "Bring in what the model learns from. What was brought in is kept in versions, so that nothing is lost."
    )
    here = project()
    about = ready_tasks().get(here.facts().task)
    if about is None:
        st.error(f"The task {plain(here.facts().task)} of this project is not installed; see the page Plugins.")
        return
    versions: list[Version] = []
    with complaining():
        versions = here.versions()
    current = imports.last(here)
    busy = current is not None and current.state in ("running", "choose")
    if current is not None:
        show_import(here, current, about)
    if versions:
        show_versions(here, versions)
    elif current is None:
        st.info(f"There is no data yet. Bring in {plain(about.medium)} below.")
    _ways(here, about, busy, shown=not versions and current is None, others=bool(versions))
    st.divider()
    if not versions:
        st.caption("There is nothing to check yet: bring data in first.")
    go("check", "Check the data", primary=bool(versions), disabled=not versions)


def _ways(here: Project, about: AboutTask, busy: bool, *, shown: bool, others: bool) -> None:
    st.subheader("Bring in other data" if others else "Bring data in", anchor=False)
    # It is drawn in every state: a choice that is not drawn is forgotten.
    way = st.segmented_control(
        "Where is it?", list(WAYS), default=next(iter(WAYS)), required=True, key="way", bind="query-params",
        disabled=busy,
    )  # fmt: skip
    if busy:
        return
    show_way(str(way), here, about)
    with st.expander("How the data has to lie", expanded=shown):
        st.code(layout(about.reads, about.target), language=None, wrap_lines=True)


main()
