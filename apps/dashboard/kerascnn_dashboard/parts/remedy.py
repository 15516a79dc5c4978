"""What a person can do about a training that failed: changes of its spec, shown before they are made."""

from __future__ import annotations

import streamlit as st

from kerascnn.errors import KerasCnnError
from kerascnn_dashboard.logic.drafts import given_spec, with_changes
from kerascnn_dashboard.logic.project import Project
from kerascnn_dashboard.logic.remedies import remedies
from kerascnn_dashboard.logic.spec_text import difference
from kerascnn_dashboard.logic.training import Live, start
from kerascnn_dashboard.parts.frame import complaining, nonce, plain


def draw_remedies(project: Project, live: Live, log: str) -> None:
    """Draw what helps against the way in which a training ended, if it ended badly."""
    if live.is_live or live.state in ("done", "stopped", "cancelled") or live.run is None:
        return
    try:
        text = given_spec(project, live.run.id)
        found = remedies(live, text, log)
    except KerasCnnError:
        return  # a run without a spec that can be read has no changes to offer
    for i, one in enumerate(found):
        with st.container(border=True):
            st.markdown(f"**{plain(one.title)}**")
            st.write(plain(one.why))
            if not one.changes:
                continue
            with complaining():
                new = with_changes(text, one.changes)
                rows = [
                    {"setting": path, "was": _say(old), "becomes": _say(value)}
                    for path, old, value in difference(text, new)
                ]
                st.dataframe(rows, hide_index=True)
                name = f"remedy_{live.run.id}_{i}"
                st.button(
                    "Train again with this",
                    key=name,
                    type="primary" if i == 0 else "secondary",
                    on_click=_again,
                    args=(project, new, nonce(name), live.name),
                )


def _again(project: Project, text: str, id: str, name: str) -> None:
    with complaining():
        start(project, text, id=id, name=name)
        project.keep_draft(text)
        st.query_params["run"] = id


def _say(value: object) -> str:
    return "left out" if value is None else str(value)
