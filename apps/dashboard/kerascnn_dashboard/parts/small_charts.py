"""Small charts that several pages draw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair
import streamlit as st


def draw_curves(rows: Sequence[dict[str, float | str]], alt: str, *, height: int = 160) -> None:
    """Draw the channels of a series, as `logic.looks.curves` gives them."""
    several = len({row["channel"] for row in rows}) > 1
    color: Any = altair.Color("channel:N") if several else altair.value("#1f77b4")
    chart = (
        altair.Chart(altair.Data(values=list(rows)))
        .mark_line(strokeWidth=1.2)
        .encode(
            x=altair.X("step:Q", title=None),
            y=altair.Y("value:Q", title=None, scale=altair.Scale(zero=False)),
            color=color,
        )
    )
    st.altair_chart(chart, height=height, alt=alt)
