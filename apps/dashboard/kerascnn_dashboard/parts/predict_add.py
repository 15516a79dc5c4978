"""Predicted files become samples, with their right classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from kerascnn.errors import UsageError
from kerascnn_dashboard.logic.additions import add_files, classes_of, why_not
from kerascnn_dashboard.logic.answer_table import shown
from kerascnn_dashboard.logic.predictions import Batch, Choice
from kerascnn_dashboard.logic.project import Project
from kerascnn_dashboard.parts.frame import complaining, go, home, plain, user

_MOST = 200


def add(project: Project, run: Choice, batch: Batch, rows: list[Mapping[str, Any]]) -> None:
    """Draw the files with a box to tick and the class to correct; make a new version of those that are ticked."""
    made = st.session_state.get("predict_added")
    if made and made[0] == batch.id:
        st.success(f"{made[1]} of the data has them.")
        go("check", f"Check {made[1]}")
    with complaining():
        reason = why_not(project)
        if reason:
            st.info(f"Not possible here: {plain(reason)}.")
            return
        classes, newest = classes_of(project), project.version().name
        st.caption("Tick the files, correct the classes that are wrong, then save. The older version stays as it is.")
        with st.form("predict_add", border=False):
            table = _editor(run, rows[:_MOST], classes)
            if not st.form_submit_button(f"Add to the data after {newest}", key="add_files"):
                return
        version = add_files(project, batch, picked(batch, rows[:_MOST], table), after=newest, by=user())
        st.session_state["predict_added"] = (batch.id, version.name)
        st.rerun()


def _editor(run: Choice, rows: list[Mapping[str, Any]], classes: list[str]) -> list[dict[str, Any]]:
    table = [
        {
            "Add": False,
            **{name: line[name] for name in ("Picture", "Text", "File", "Answer") if name in line},
            "Right class": line["Answer"] if line["Answer"] in classes else None,
        }
        for line in shown(home(), rows, run.reads)
    ]
    changed = st.data_editor(
        table,
        hide_index=True,
        disabled=["Picture", "Text", "File", "Answer"],
        row_height=64 if run.reads == "image" else None,
        column_config={
            "Picture": st.column_config.ImageColumn(width="small"),
            "Right class": st.column_config.SelectboxColumn(options=classes),
        },
        key="predict_editor",
        alt="Files to add to the data, each with its right class",
    )
    return list(changed)


def picked(batch: Batch, rows: list[Mapping[str, Any]], table: list[dict[str, Any]]) -> dict[int, str]:
    """Return the numbers in the batch of the files that are ticked, each with its class. Raises UsageError."""
    numbers = {path: number for number, path in enumerate(batch.files)}
    found = {}
    for row, line in zip(rows, table, strict=True):
        if line.get("Add"):
            if not line.get("Right class"):
                raise UsageError(f"choose the right class of {row['name']}")
            found[numbers[row["path"]]] = str(line["Right class"])
    return found
