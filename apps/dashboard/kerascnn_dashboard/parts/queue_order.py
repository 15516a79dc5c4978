"""The buttons that change when a training begins which waits for its turn."""

from __future__ import annotations

import streamlit as st

from kerascnn_dashboard.logic.order import move, place_of
from kerascnn_dashboard.logic.project import Project
from kerascnn_dashboard.logic.training import Live
from kerascnn_dashboard.parts.frame import complaining

_HELP = "Among those of this project that wait. What runs already goes on."


def order_buttons(project: Project, live: Live) -> None:
    """Draw them for one that waits beside others; nothing for any other."""
    place = place_of(project, live)
    if place is None or place.of < 2:
        return
    last = place.of - 1
    for label, name, by, never in (
        ("Begin next", "next", -place.number, place.number == 0),
        ("Earlier", "earlier", -1, place.number == 0),
        ("Later", "later", 1, place.number == last),
    ):
        st.button(
            label, key=f"{name}_{live.id}", on_click=_move, args=(project, live, by), disabled=never, help=_HELP
        )  # fmt: skip


def _move(project: Project, live: Live, by: int) -> None:
    with complaining():
        move(project, live, by)
