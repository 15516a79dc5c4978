"""What a check found: how grave it is, what it means, the samples, and what can be done about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import streamlit as st

from kerascnn.spec import Sample
from kerascnn_dashboard.logic.checks import Check, Found
from kerascnn_dashboard.logic.project import Project, Version
from kerascnn_dashboard.logic.remaking import allow, leave_out
from kerascnn_dashboard.logic.scanning import samples_of
from kerascnn_dashboard.parts.check_look import element
from kerascnn_dashboard.parts.frame import complaining, plain, user

_PAGE = 12
_NAMES = 500
_Color = Literal["red", "orange", "gray"]
_BADGES: Mapping[str, tuple[str, _Color]] = {
    "error": ("must be dealt with", "red"), "warning": ("look at it", "orange"), "note": ("good to know", "gray"),
}  # fmt: skip
_ALLOW = {"unreadable": "Leave out what cannot be read"}
"""What it means to let a finding stand, where that is something else."""


def findings(project: Project, version: Version, found: Check, *, newest: bool) -> None:
    """Draw the findings of a check, the gravest first."""
    st.subheader("Findings", anchor=False)
    made = st.session_state.pop("check_made", None)
    if made:
        st.success(f"{plain(made)} was made; it is checked now.")
    if not found.findings:
        st.success("Nothing is odd.")
    if not newest and found.findings:
        st.info("This is not the newest version of the data: nothing can be changed from here.")
    # A rule may speak several times: the names alone do not tell findings apart.
    for number, one in enumerate(found.findings):
        key = f"{one.id}_{number}"
        with st.container(border=True, key=f"finding_{key}"):
            _finding(project, version, one, key, newest=newest)
    for text in found.notes:
        st.caption(plain(text))


def _finding(project: Project, version: Version, one: Found, key: str, *, newest: bool) -> None:
    text, color = _BADGES[one.severity]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge("may stand" if one.allowed else text, color="gray" if one.allowed else color)
        st.markdown(f"**{plain(one.id.replace('-', ' ').capitalize())}**")
        if one.counts:
            st.badge(f"{one.counts}", color="gray", help="Samples (or classes, or groups) that it is about")
    st.write(plain(one.message))
    is_open = st.session_state.get("check_show") == key
    with st.container(horizontal=True):
        if one.samples:
            st.button("Hide" if is_open else "Show", key=f"show_{key}", on_click=_toggle, args=(key, is_open))
        if one.can_be_allowed and newest and st.button(
            _ALLOW.get(one.id, "Let it stand"), key=f"allow_{key}",
            help=f"Makes a new version of the data, with data.allow: [{one.id}].",
        ):  # fmt: skip
            with complaining():
                show_version(allow(project, version, one.id, by=user()))
    if is_open:
        _samples(project, version, one, newest=newest)


def _toggle(key: str, is_open: bool) -> None:
    st.session_state["check_show"] = None if is_open else key
    st.session_state.pop("check_gallery", None)


def _samples(project: Project, version: Version, one: Found, *, newest: bool) -> None:
    known = samples_of(project, version)
    there = [id for id in one.samples if id in known]
    if not there:
        st.dataframe([{"Name": name} for name in one.samples[:_NAMES]], hide_index=True, alt="Names")
        return
    pages = -(-len(there) // _PAGE)
    number = st.pagination(pages, key="check_gallery") if pages > 1 else 1
    shown = there[(number - 1) * _PAGE : number * _PAGE]
    with st.form(f"out_{one.id}", border=False):
        ticked = _gallery(shown, known, newest=newest)
        if not newest:
            st.form_submit_button("Leave the ticked ones out", disabled=True)
            return
        with st.container(horizontal=True):
            some = st.form_submit_button("Leave the ticked ones out", key=f"out_some_{one.id}")
            every = st.form_submit_button(f"Leave out all {len(there)}", key=f"out_all_{one.id}")
        if some or every:
            with complaining():
                why = f"found by the check: {one.id}"
                show_version(leave_out(project, version, there if every else ticked, why=why, by=user()))


def _gallery(ids: Sequence[str], known: Mapping[str, Sample], *, newest: bool) -> list[str]:
    """Draw samples with a box to tick below each; return those that are ticked."""
    ticked = []
    columns = st.columns(4)
    for i, id in enumerate(ids):
        with columns[i % 4]:
            element(known[id])
            label = f" ({known[id].label})" if known[id].label else ""
            if st.checkbox(f"{plain(id)}{plain(label)}", key=f"out_{id}", disabled=not newest):
                ticked.append(id)
    return ticked


def show_version(version: Version) -> None:
    """Show the new version from now on."""
    st.session_state["check_made"] = version.name
    st.session_state["check_show"] = None
    # The widget's own value may not be changed while it is drawn: the page begins with what the address says.
    st.session_state.pop("check_version", None)
    st.query_params["version"] = version.name
    st.rerun()
