"""The answers of a model: how far they are, the table, one looked at alone, and the way into the data."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import altair
import streamlit as st

from kerascnn_dashboard.logic.answer_table import as_csv, as_parquet, chosen, classes_said, likeliest, shown, summary
from kerascnn_dashboard.logic.looks import beginning, curves, picture
from kerascnn_dashboard.logic.predictions import Batch, Choice, again, find_batch
from kerascnn_dashboard.logic.project import Project
from kerascnn_dashboard.parts.frame import home, plain
from kerascnn_dashboard.parts.predict_add import add
from kerascnn_dashboard.parts.small_charts import draw_curves

EVERY = 1.0
_LIVE = ("starting", "answering")
_MOST = 500
"""Rows of the table on the page; the download has all."""


def follow(project: Project, run: Choice, batch: Batch) -> bool:
    """Draw how far a batch is, and follow it; return whether there are answers to show."""
    state = batch.state()
    if state in _LIVE:
        st.fragment(_watch, run_every=EVERY)(project, batch)
        return False
    if state == "failed":
        reason = plain(str(batch.said.get("reason", "")))
        st.error(f"The model did not answer: {reason}" if reason else "The model did not answer.")
    elif state == "stopped":
        st.warning(f"Stopped after {batch.answered()} of {len(batch.files)} files.")
    elif state == "lost":
        st.warning(
            f"The server ended before all was answered: {batch.answered()} of {len(batch.files)} files are there."
        )
    if state != "done" and st.button("Go on", key="predict_again"):
        again(batch, run)
        st.rerun()
    return bool(batch.answered())


def _watch(project: Project, batch: Batch) -> None:
    now = find_batch(project, batch.id)
    state = now.state() if now is not None else "lost"
    if state not in _LIVE:
        st.rerun()
    done, many = batch.answered(), len(batch.files)
    said = "Starting the model (the first time about 10 s) ..." if state == "starting" else f"{done} of {many} files"
    st.progress(done / max(many, 1), text=said)
    if st.button("Stop", key="predict_stop"):
        batch.stop()


def show(project: Project, run: Choice, batch: Batch) -> None:
    """Draw the answers."""
    rows, errors = batch.rows(), batch.errors()
    st.subheader("Answers", anchor=False)
    st.write(plain(summary(rows, errors)) + ".")
    if errors:
        with st.expander(f"{len(errors)} that cannot be read", expanded=not rows):
            st.dataframe(
                [{"File": row["name"], "Why": row["error"]} for row in errors[:_MOST]], hide_index=True,
                alt="Files that cannot be read, each with the reason",
            )  # fmt: skip
    if not rows:
        return
    found = _filter(rows)
    _table(run, found)
    _downloads(batch, found, errors)
    with st.expander("Look at one"):
        _one(run, found)
    with st.expander("Add these to the data"):
        add(project, run, batch, found)


def _filter(rows: list[dict[str, Any]]) -> list[Mapping[str, Any]]:
    classes = classes_said(rows)
    picked: list[str] = []
    unsure = False
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if len(classes) > 1:
            picked = st.multiselect("Only these answers", classes, key="predict_classes", placeholder="All")
        if any(row.get("unsure") is not None for row in rows):
            unsure = st.toggle("Only unsure", key="predict_unsure")
    return chosen(rows, picked, only_unsure=unsure)


def _table(run: Choice, rows: list[Mapping[str, Any]]) -> None:
    if not rows:
        st.info("No answer is like this.")
        return
    table = shown(home(), rows[:_MOST], run.reads)
    st.dataframe(
        table,
        hide_index=True,
        row_height=64 if run.reads == "image" else None,
        column_config={
            "Picture": st.column_config.ImageColumn(width="small"),
            "Text": st.column_config.TextColumn(width="medium"),
            "How sure": st.column_config.ProgressColumn(
                format="percent", min_value=0.0, max_value=1.0, help="The probability of the answer, as the model says."
            ),
            "Sure enough": st.column_config.MultiselectColumn(
                options=["sure", "unsure"], color=["green", "orange"], help="Whether the model may be relied on here."
            ),
            "One of": st.column_config.TextColumn(help="The classes that the right one is among, as often as asked."),
        },
        alt="The answer for each file",
    )
    if len(rows) > _MOST:
        st.caption(f"The first {_MOST} of {len(rows)}; the download has all.")


def _downloads(batch: Batch, rows: list[Mapping[str, Any]], errors: list[dict[str, Any]]) -> None:
    with st.container(horizontal=True):
        st.download_button(
            "Download as CSV", lambda: as_csv(rows, errors), f"predictions-{batch.id}.csv", "text/csv",
            key="predict_csv", on_click="ignore",
        )  # fmt: skip
        st.download_button(
            "Download as Parquet", lambda: as_parquet(rows), f"predictions-{batch.id}.parquet",
            "application/octet-stream", key="predict_parquet", on_click="ignore",
        )  # fmt: skip


def _one(run: Choice, rows: list[Mapping[str, Any]]) -> None:
    if not rows:
        return
    number = st.selectbox(
        "File", range(len(rows)), format_func=lambda i: f"{rows[i]['name']}: {rows[i]['label']}", key="predict_one"
    )
    row = rows[number or 0]
    left, right = st.columns(2)
    with left:
        _element(run, row)
    with right:
        st.write(f"**{plain(row['label'] or 'nothing')}**" + (" (unsure)" if row.get("unsure") else ""))
        if row.get("set"):
            st.write(f"One of: {plain(', '.join(row['set']))}")
        if pairs := likeliest(row):
            _bars(pairs)


def _element(run: Choice, row: Mapping[str, Any]) -> None:
    """Draw what was asked about, with what was found in it where that has a place."""
    file = Path(row["path"])
    if run.reads == "image":
        small = picture(home(), Path(row["overlay"]) if row.get("overlay") else file, 512)
        if small:
            found = " with what was found in it" if row.get("overlay") else ""
            st.image(small, alt=f"{row['name']}{found}", caption=plain(row["name"]))
    elif run.reads == "text":
        st.text(beginning(file, 2000))
    elif run.reads == "audio":
        st.audio(str(file), alt=f"The sound {row['name']}")
    elif drawn := curves(file):
        draw_curves(drawn, f"The series {row['name']}")


def _bars(pairs: list[tuple[str, float]]) -> None:
    values = [{"class": name, "probability": value} for name, value in pairs]
    chart = (
        altair.Chart(altair.Data(values=values))
        .mark_bar()
        .encode(
            x=altair.X("probability:Q", scale=altair.Scale(domain=[0, 1]), axis=altair.Axis(format="%"), title=None),
            y=altair.Y("class:N", sort=None, title=None),
            tooltip=["class:N", altair.Tooltip("probability:Q", format=".1%")],
        )
    )
    st.altair_chart(chart, alt="Probabilities: " + ", ".join(f"{name} {value:.0%}" for name, value in pairs))
