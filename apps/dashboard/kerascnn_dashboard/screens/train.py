"""Train: start a training, and follow one."""

from __future__ import annotations

import streamlit as st

from kerascnn_dashboard.logic.following import STATES
from kerascnn_dashboard.logic.order import in_turn
from kerascnn_dashboard.logic.training import trainings
from kerascnn_dashboard.parts.frame import complaining, go, page, plain, project, spend
from kerascnn_dashboard.parts.live import live_view
from kerascnn_dashboard.parts.start import new_training


def _new() -> None:
    st.query_params.pop("run", None)
    spend("start")


page("Train", "Let a network learn from your data. It goes on when you close this page; come back any time.")
here = project()
with complaining():
    run = st.query_params.get("run", "")
    if not here.versions():
        st.info("There is no data yet. Bring some in first.")
        go("data", "Bring in data", primary=True)
        st.stop()
    if run:
        spend("start")
        live_view(here, run)
        st.button("New training", on_click=_new, key="new")
    else:
        for one in in_turn(trainings(here)):
            st.page_link(
                "screens/train.py", label=f"{plain(one.title)}: {STATES[one.state].lower()}",
                icon=":material/play_circle:", query_params={"project": here.name, "run": one.id},
            )  # fmt: skip
        new_training(here)
