"""Several trainings side by side: their courses in one chart, and only those settings that differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair
import streamlit as st

from kerascnn.evaluation.names import say_name
from kerascnn_dashboard.logic.run_table import Row, differing, overlaid, short_names
from kerascnn_dashboard.parts.frame import open_page

_CELL = 60


def side_by_side(chosen: Sequence[Row]) -> None:
    """Draw the courses of some trainings in one chart, and a table of the settings in which they differ."""
    readable = [row for row in chosen if row.live.run is not None and row.state != "unreadable"]
    if len(readable) < 2:
        st.info("Of these at most one has begun and can be read; choose two or more that have.")
        return
    figure, points = overlaid(readable)
    if points:
        said = say_name(figure.removeprefix("val_"))
        where = "on the validation samples" if figure.startswith("val_") else "on the training samples"
        st.altair_chart(_chart(points, f"{said} {where}"), alt=f"{said} of each training, round by round")
    else:
        st.info("They have no figure in common that could be drawn.")
    found = differing([row.live.run for row in readable if row.live.run is not None])
    st.markdown("**What was set otherwise**")
    if not found.paths:
        st.write("Nothing: they differ in chance alone.")
    names = short_names(readable)
    st.dataframe(
        [
            {"Setting": path, **{names[row.id]: _say(found.values[row.live.run.id][path]) for row in readable}}  # type: ignore[union-attr]
            for path in found.paths
        ],
        hide_index=True,
    ) if found.paths else None
    if len(readable) == 2:
        older, newer = sorted(readable, key=lambda row: row.created)
        st.write(
            "Whether one is better than the other by more than chance, and on which samples, the page Evaluate says."
        )
        if st.button("Compare them", key="compare"):
            open_page("evaluate", run=newer.id, **{"with": older.id})


def _chart(points: list[dict[str, Any]], title: str) -> Any:
    return (
        altair.Chart(altair.Data(values=points), title=title, height=340)
        .mark_line(point=len(points) < 60)
        .encode(
            x=altair.X("round:Q", title="round", axis=altair.Axis(format="d", tickMinStep=1)),
            y=altair.Y("value:Q", title=None, scale=altair.Scale(zero=False)),
            color=altair.Color("run:N", title=None, legend=altair.Legend(orient="bottom", columns=1, labelLimit=240)),
            tooltip=["run:N", "round:Q", "value:Q"],
        )
    )


def _say(value: Any) -> str:
    text = "left out" if value is None else str(value)
    return text if len(text) <= _CELL else f"...{text[-_CELL:]}"
