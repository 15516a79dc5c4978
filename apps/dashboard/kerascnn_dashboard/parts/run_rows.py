"""The table of trainings."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from kerascnn_dashboard.logic.following import STATES, say_seconds
from kerascnn_dashboard.logic.run_table import Row, ago

_MOST = 5
_NAME = 180
"""Pixels of the column that always stays in sight: on a telephone others have to have room beside it."""


def table(found: Sequence[Row]) -> None:
    """Draw a row for each training; rows that are ticked are the chosen ones."""
    shown = [
        {
            "Name": row.name,
            "State": "Brought in" if row.brought else STATES.get(row.state, row.state),
            "Data": row.version,
            "Template": row.template,
            "Best": row.best,
            "Course": list(row.line),
            "Time": say_seconds(row.seconds) if row.seconds is not None else "",
            "Tags": list(row.tags),
            "Began": ago(row.created),
        }
        for row in found
    ]
    st.dataframe(
        shown,
        key="table",
        hide_index=True,
        on_select=_ticked,
        selection_mode="multi-row",
        column_config={
            "Name": st.column_config.TextColumn("Name", pinned=True, width=_NAME),
            "Best": st.column_config.TextColumn("Best", help="On the samples kept for validation, and in which round."),
            "Course": st.column_config.LineChartColumn("Course", help="That figure, round by round."),
            "Time": st.column_config.TextColumn("Time", help="Of all rounds together."),
            "Tags": st.column_config.ListColumn("Tags"),
        },
        alt="All trainings of the project, the last one first",
    )
    st.session_state["table_ids"] = [row.id for row in found]


def _ticked() -> None:
    ids = st.session_state.get("table_ids", [])
    ticked = st.session_state["table"]["selection"]["rows"]
    st.session_state["chosen"] = [ids[i] for i in ticked if 0 <= i < len(ids)][:_MOST]
