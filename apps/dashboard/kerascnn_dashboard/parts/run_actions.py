"""What can be done with one training of the table."""

from __future__ import annotations

import streamlit as st

from kerascnn.errors import KerasCnnError
from kerascnn_dashboard.logic.project import Project
from kerascnn_dashboard.logic.run_notes import rename, set_tags
from kerascnn_dashboard.logic.run_table import Row, throw_away
from kerascnn_dashboard.logic.training import resume
from kerascnn_dashboard.parts.frame import complaining, go, home, open_page, plain
from kerascnn_dashboard.parts.queue_order import order_buttons


def actions(project: Project, row: Row) -> None:
    """Draw the buttons for a training, and the fields for its name and its tags."""
    live, run = row.live, row.live.run
    with st.container(border=True):
        st.markdown(f"**{plain(row.name)}**")
        if row.reason:
            st.caption(plain(row.reason.partition("\n")[0][:300]))
        with st.container(horizontal=True):
            go("train", "Open", key="open", run=row.id)
            known = run is not None and row.state != "unreadable"
            if known and st.button("New one like this", key="like_this"):
                open_page("train", **{"from": row.id})
            order_buttons(project, live)
            if live.resumable:
                st.button("Resume", key="resume", on_click=_resume, args=(project, row))
            if run is not None and (run.path / "model.keras").is_file() and row.state != "unreadable":
                go("evaluate", "Evaluate", key="evaluate", run=run.id)
                go("report", "Report", key="report", run=run.id)
            if run is not None and not live.is_live and st.button("Delete", key="delete"):
                _delete(project, row)
        if st.session_state.pop("resumed", "") == row.id:
            open_page("train", run=row.id)
        if run is not None and row.state != "unreadable":
            _notes(row)


def _notes(row: Row) -> None:
    run = row.live.run
    assert run is not None
    with st.form(f"notes_{row.id}", border=False):
        left, right = st.columns(2)
        name = left.text_input("Name", row.name, max_chars=80, key=f"name_{row.id}")
        tags = right.multiselect(
            "Tags", sorted(row.tags), list(row.tags), accept_new_options=True, max_selections=12, key=f"tags_{row.id}"
        )
        if st.form_submit_button("Keep name and tags"):
            with complaining():
                if name != row.name:
                    rename(run, name)
                set_tags(run, [str(tag) for tag in tags])
                st.rerun()


def _resume(project: Project, row: Row) -> None:
    with complaining():
        resume(project, row.live)
        st.session_state["resumed"] = row.id


@st.dialog("Delete this training?")
def _delete(project: Project, row: Row) -> None:
    st.write("It goes into the trash with its model. The page Settings empties the trash; until then nothing is lost.")
    st.write("To be sure, type its name:")
    st.code(row.name, language=None)
    st.text_input("Name", key="delete_name")
    st.button("Delete", type="primary", key="delete_sure", on_click=_throw_away, args=(project, row))
    if said := st.session_state.pop("delete_error", ""):
        st.error(plain(said))
    if st.session_state.pop("deleted", False):
        st.rerun()


def _throw_away(project: Project, row: Row) -> None:
    try:
        throw_away(home(), project, row.live, str(st.session_state.get("delete_name", "")))
        st.session_state["deleted"] = True
    except KerasCnnError as error:
        st.session_state["delete_error"] = str(error)
