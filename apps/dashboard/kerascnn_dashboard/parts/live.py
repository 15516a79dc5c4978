"""The live view of one training: its state, how far it is, its curves, and what can be done with it."""

from __future__ import annotations

from typing import Any

import altair
import streamlit as st

from kerascnn.evaluation.names import say_name
from kerascnn_dashboard.logic.evaluation import begin_evaluation
from kerascnn_dashboard.logic.following import COLORS, STATES, Curves, best_words, curves, shown
from kerascnn_dashboard.logic.jobs import shell
from kerascnn_dashboard.logic.project import Project
from kerascnn_dashboard.logic.remedies import explain
from kerascnn_dashboard.logic.training import Live, log_of, resume, stop, training
from kerascnn_dashboard.parts.frame import as_command, complaining, open_page, others, plain
from kerascnn_dashboard.parts.queue_order import order_buttons
from kerascnn_dashboard.parts.remedy import draw_remedies

EVERY = 2.0
"""Seconds between two looks at a training."""


def live_view(project: Project, id: str) -> None:
    """Draw a training, and follow it while it changes by itself."""
    found = training(project, id, others())
    if found is None:
        st.warning(f"There is no training {plain(id[:80])} in this project; it may have been removed.")
        return
    st.fragment(_follow, run_every=EVERY if found.is_live else None)(project, id, found.is_live)
    if found.run is not None:
        where = ["--runs", str(project.runs)]
        commands = [["kerascnn", "train", str(found.run.path / "spec.yaml"), *where]]
        if found.resumable:
            commands.append(["kerascnn", "runs", "resume", found.run.id, *where])
        as_command("\n".join(map(shell, commands)))


def _follow(project: Project, id: str, was_live: bool) -> None:
    live = training(project, id, others())
    if live is None or live.is_live != was_live:
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(plain(live.title) or "Training", anchor=False)
        st.badge(STATES.get(live.state, live.state), color=COLORS.get(live.state, "gray"))
    where = shown(live)
    st.progress(where.part, text=plain(where.text))
    _buttons(project, live)
    log = log_of(project, live)
    _ended(project, live, log)
    if words := best_words(live):
        st.write(plain(words))
    _charts(curves(live))
    lines = [line for line in log.strip().splitlines() if line.strip()]
    if lines:
        st.caption(plain(lines[-1][:200]))
        with st.expander("Log"):
            st.code("\n".join(lines[-200:]), language=None, height=300)


def _buttons(project: Project, live: Live) -> None:
    with st.container(horizontal=True):
        if live.is_live:
            label = "Take it back" if live.state == "waiting" else "Stop and keep the best"
            st.button(
                label,
                key=f"stop_{live.id}",
                on_click=_stop,
                args=(project, live),
                disabled=live.state in ("stopping", "finishing"),
                help="The best model so far is kept, and you can go on later.",
            )
        order_buttons(project, live)
        if live.resumable:
            st.button(
                "Resume", key=f"resume_{live.id}", on_click=_resume, args=(project, live), type="primary",
                help="Goes on from the last checkpoint as if nothing had happened.",
            )  # fmt: skip


def _stop(project: Project, live: Live) -> None:
    with complaining():
        stop(project, live)


def _resume(project: Project, live: Live) -> None:
    with complaining():
        resume(project, live)


def _ended(project: Project, live: Live, log: str) -> None:
    if said := explain(live, log):
        st.error(plain(said))
        if live.reason.strip() and live.reason.strip() not in said:
            with st.expander("Details"):
                st.code(live.reason, language=None, wrap_lines=True)
    elif live.state == "unreadable":
        st.error(plain(live.reason))
    elif live.state == "stopped":
        st.info("The training was stopped. The best model so far is kept and can be used.")
    draw_remedies(project, live, log)
    if live.run is not None and live.state in ("done", "stopped") and (live.run.path / "model.keras").is_file():
        if live.state == "done":
            st.success("The training is done, and the best model is kept.")
        if st.button("See the evaluation", type="primary" if live.state == "done" else "secondary", key="to_evaluate"):
            with complaining():
                begin_evaluation(project, live.run)
            open_page("evaluate", run=live.run.id)


def _charts(found: Curves) -> None:
    """Draw the loss, and each other figure, side by side where there is room."""
    if not found.lines:
        return
    names = ["loss", *sorted(name for name in found.lines if name != "loss")][:4]
    columns = st.columns(2)
    for i, name in enumerate(name for name in names if name in found.lines):
        with columns[i % 2]:
            st.altair_chart(_chart(found, name), alt=f"{say_name(name)} after each round, in training and validation")


def _chart(found: Curves, name: str) -> Any:
    data = altair.Data(values=list(found.lines[name]))
    title = f"{say_name(name)} (smaller is better)" if name == "loss" else say_name(name)
    # Inside of the drawing: above it, it would take half of the height.
    legend = altair.Legend(orient="top-right" if name == "loss" else "bottom-right", fillColor=None)
    lines = (
        altair.Chart(data, title=title, height=260)
        .mark_line(point=len(found.lines[name]) < 30)
        .encode(
            x=altair.X("round:Q", title="round", scale=altair.Scale(domain=[1, max(found.rounds, 2)], nice=False)),
            y=altair.Y("value:Q", title=None, scale=altair.Scale(zero=False)),
            color=altair.Color("of:N", title=None, legend=legend),
            strokeDash=altair.StrokeDash("of:N", title=None, legend=legend),
            tooltip=["round:Q", "value:Q", "of:N"],
        )
    )
    if not found.stages:
        return lines
    marks = altair.Data(values=[{"round": end + 0.5} for end in found.stages])
    return lines + altair.Chart(marks).mark_rule(strokeDash=[4, 4], opacity=0.5).encode(x="round:Q")
