"""Samples as they are, and as the model will see them."""

from __future__ import annotations

import random

import streamlit as st

from kerascnn.spec import Sample
from kerascnn_dashboard.logic.checks import Check, Plan, about_source, preview_of, start_preview
from kerascnn_dashboard.logic.jobs import Job
from kerascnn_dashboard.logic.looks import beginning, curves, picture
from kerascnn_dashboard.logic.project import Project, Version
from kerascnn_dashboard.logic.scanning import samples_of
from kerascnn_dashboard.parts.frame import complaining, home, plain
from kerascnn_dashboard.parts.small_charts import draw_curves

EVERY = 1.0
_SHOWN = 8


def look(project: Project, version: Version, plan: Plan, found: Check) -> None:
    """Draw some samples; of pictures a grid of what the augmentation makes of them."""
    medium, _ = about_source(version)
    st.subheader("As the model will see them", anchor=False)
    if found.blocking:
        st.caption("Shown when what is marked red is dealt with.")
        return
    seed = int(st.session_state.get("check_seed", 0))
    with complaining():
        if medium == "image":
            _preview(start_preview(project, version, plan, seed=seed))
        else:
            _some(project, version, seed)
    st.button("Shuffle", key="check_shuffle", on_click=_shuffle)


def _shuffle() -> None:
    st.session_state["check_seed"] = int(st.session_state.get("check_seed", 0)) + 1


def _preview(job: Job) -> None:
    if job.state() == "running":
        st.fragment(_follow, run_every=EVERY)(job)
        return
    file = preview_of(job)
    if file is None:
        st.warning(plain(job.reason()) or "The pictures could not be drawn.")
        return
    st.caption("Each row is one picture: first as it is read, then changed as in training.")
    st.image(str(file), alt="Six training pictures, each with three versions as training changes them")


def _follow(job: Job) -> None:
    if job.state() != "running":
        st.rerun()
    st.skeleton(height=300)


def _some(project: Project, version: Version, seed: int) -> None:
    """Draw samples of every class."""
    known = samples_of(project, version)
    if not known:
        st.caption("Samples of this source cannot be shown here.")
        return
    ids = sorted(known)
    chosen = [known[id] for id in random.Random(seed).sample(ids, min(_SHOWN, len(ids)))]
    columns = st.columns(2)
    for i, sample in enumerate(sorted(chosen, key=lambda one: one.label)):
        with columns[i % 2].container(border=True):
            st.caption(plain(f"{sample.label}: {sample.id}" if sample.label else sample.id))
            element(sample)


def element(sample: Sample) -> None:
    """Draw one sample: a picture, a sound, how a text begins, the curves of a series; nothing for others."""
    payload = sample.payload
    if small := picture(home(), payload):
        st.image(small, alt=sample.id)
    elif getattr(payload, "suffix", "").lower() == ".wav":
        st.audio(str(payload), alt=f"The sound {sample.id}")
    elif not hasattr(payload, "suffix") and (text := beginning(payload, 300)):
        st.text(text)
    elif drawn := curves(payload):
        draw_curves(drawn, f"The series {sample.id}", height=120)
