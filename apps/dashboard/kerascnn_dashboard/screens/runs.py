"""Runs: every training of the project, what can be done with each, and several of them side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from kerascnn_dashboard.logic.project import Project
from kerascnn_dashboard.logic.run_table import Row, rows
from kerascnn_dashboard.parts.frame import as_command, complaining, go, page, plain, project
from kerascnn_dashboard.parts.run_actions import actions
from kerascnn_dashboard.parts.run_bring import bring_in
from kerascnn_dashboard.parts.run_overlay import side_by_side
from kerascnn_dashboard.parts.run_rows import table

# No texts under these names: Streamlit would write them on the page.
EVERY = 5.0  # seconds between two looks while something trains
MOST = 5  # trainings that are shown side by side


def main() -> None:
    """Draw the page."""
    page("Runs", "Every training of this project: open one, begin another like it, or lay a few side by side.")
    opened = project()
    with complaining():
        found = rows(opened)
        if found:
            live = any(row.live.is_live for row in found)
            st.fragment(_runs, run_every=EVERY if live else None)(opened, live)
        else:
            st.info("There is no training yet.")
        bring_in(opened)
        as_command(["kerascnn", "runs", "list", "--runs", str(opened.runs)])
        go("train", "New training", primary=True, key="new_training")


def _runs(opened: Project, was_live: bool) -> None:
    found = rows(opened)
    if any(row.live.is_live for row in found) != was_live:
        st.rerun()
    by_id = {row.id: row for row in found}
    shown = _tagged(found)
    table(shown)
    chosen = [by_id[id] for id in _choose(by_id)]
    for row in shown:
        if row.state == "unreadable":
            with st.expander(f"{plain(row.name)} cannot be read"):
                st.code(row.reason, language=None, wrap_lines=True)
    if len(chosen) == 1:
        actions(opened, chosen[0])
    elif chosen:
        side_by_side(chosen)


def _tagged(found: Sequence[Row]) -> list[Row]:
    """Return the rows that have the tags which are asked for; nothing is asked where nobody gave tags."""
    tags = sorted({tag for row in found for tag in row.tags})
    if not tags:
        return list(found)
    wanted = st.pills("With the tags", tags, selection_mode="multi", key="tags_wanted") or []
    return [row for row in found if set(wanted) <= set(row.tags)]


def _choose(by_id: Mapping[str, Row]) -> list[str]:
    """Draw the choice of trainings, which ticks in the table fill in, and return their ids."""
    st.session_state["chosen"] = [id for id in st.session_state.get("chosen", []) if id in by_id][:MOST]
    return list(
        st.multiselect(
            "Chosen",
            list(by_id),
            key="chosen",
            format_func=lambda id: f"{by_id[id].name} ({id})" if id in by_id else str(id),
            max_selections=MOST,
            placeholder=f"Choose one to work with it, or up to {MOST} to compare",
            help="Ticking rows of the table does the same.",
        )
    )


main()
