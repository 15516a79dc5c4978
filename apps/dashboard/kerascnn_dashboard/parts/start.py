"""A new training: three cards, a form or a text, which are views of one spec; and the button that starts it."""

from __future__ import annotations

import streamlit as st

from kerascnn.errors import KerasCnnError, SpecError
from kerascnn_dashboard.logic.drafts import fitting_name, given_spec, with_data
from kerascnn_dashboard.logic.estimates import begin_estimate, estimate_job
from kerascnn_dashboard.logic.jobs import Job, new_id
from kerascnn_dashboard.logic.own_files import own_spec
from kerascnn_dashboard.logic.presets import Preset, presets
from kerascnn_dashboard.logic.project import Project, Version
from kerascnn_dashboard.logic.spec_text import SpecText
from kerascnn_dashboard.logic.starts import NOTHING, Start, starts
from kerascnn_dashboard.logic.training import start
from kerascnn_dashboard.parts.frame import as_command, complain, complaining, home, nonce, plain
from kerascnn_dashboard.parts.spec_form import spec_editor, spec_form

VIEWS = ("Simple", "Advanced", "YAML")


def new_training(project: Project) -> None:
    """Draw the choice of settings, and the button that starts a training."""
    versions = project.versions()
    key = f"draft_{project.name}"
    names = [version.name for version in reversed(versions)]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        view = st.segmented_control("Settings", VIEWS, default="Simple", required=True, key="view")
        name = st.selectbox("Data", names, key="version", format_func=lambda one: _about(versions, one), width=320)
    version = next(one for one in versions if one.name == name)
    _begin_draft(project, version, key)
    with complaining():
        st.session_state[key] = with_data(st.session_state[key], version)
    if view == "Simple":
        _cards(project, version, key)
        text = _named(st.session_state[key], key)
    elif view == "Advanced":
        text = spec_form(st.session_state[key], "form")
    else:
        text = spec_editor(st.session_state[key], "editor")
    if text != st.session_state[key]:
        st.session_state[key] = text
        project.keep_draft(text)
    _start(project, text)


def _about(versions: list[Version], name: str) -> str:
    version = next(one for one in versions if one.name == name)
    return f"{name}: {version.about}"[:80]


def _begin_draft(project: Project, version: Version, key: str) -> None:
    """Take the spec to begin with: that of a run that the address names, the draft that was kept, or a preset."""
    origin = st.query_params.get("from", "")
    if origin and st.session_state.get("draft_from") != origin:
        with complaining():
            st.session_state[key] = with_data(given_spec(project, origin), version)
            st.session_state["draft_from"] = origin
            return
    if key not in st.session_state:
        draft = project.draft()
        if draft is None:
            found = presets(project, version)
            quick = found[0]
            st.session_state[f"{key}_preset"] = (NOTHING.id, quick.name)
            draft = quick.text
        st.session_state[key] = draft


def _cards(project: Project, version: Version, key: str) -> None:
    """Draw what to begin from, and the three cards."""
    there = {one.id: one for one in starts(home(), project.facts().task)}
    chosen = NOTHING.id
    if len(there) > 1:
        chosen = st.selectbox(
            "Begin from",
            list(there),
            format_func=lambda id: there[id].title,
            key="begin_from",
            help="A network that has learnt from other data needs less of yours.",
        )
        st.caption(plain(there[chosen].about))
    found = presets(project, version, start=there[chosen])
    job = estimate_job(project, [one.text for one in found])
    if job is None:
        job = begin_estimate(project, [one.text for one in found], id=new_id())
    estimating = job.state() == "running"
    st.fragment(_draw_cards, run_every=2 if estimating else None)(project, found, there[chosen], key, job, estimating)


def _draw_cards(
    project: Project, found: list[Preset], start: Start, key: str, job: Job, estimating: bool
) -> None:  # fmt: skip
    if estimating and job.state() != "running":
        st.rerun()  # the page asks again what the cards say
    for column, preset in zip(st.columns(len(found)), found, strict=True):
        chosen = st.session_state.get(f"{key}_preset") == (start.id, preset.name)
        with column.container(border=True, height="stretch"):
            st.markdown(f"**{plain(preset.title)}**" + (" :green-badge[chosen]" if chosen else ""))
            st.write(plain(preset.about))
            st.caption(plain(preset.estimate or ("Looking at what it needs ..." if estimating else "")))
            st.button(
                f"Choose {preset.title.lower()}",
                key=f"choose_{preset.name}",
                on_click=_choose,
                args=(project, key, start, preset),
                disabled=chosen,
            )


def _choose(project: Project, key: str, start: Start, preset: Preset) -> None:
    st.session_state[key] = preset.text
    st.session_state[f"{key}_preset"] = (start.id, preset.name)
    project.keep_draft(preset.text)


def _named(text: str, key: str) -> str:
    """Draw the training's name, and return the spec with it."""
    try:
        spec = SpecText(text)
    except SpecError:
        return text  # what is wrong is said above the button
    before = str(spec.get("name") or "")
    if st.session_state.get(f"named_{key}") != before:  # another spec was chosen meanwhile
        st.session_state[f"name_{key}"] = before
    name = st.text_input("Name of the training", key=f"name_{key}", max_chars=64)
    fitting = fitting_name(name) or before
    if fitting != name:
        st.caption(f"Kept as {plain(fitting)}: letters without accents, digits, and . _ - are what names are made of.")
    if fitting and fitting != before:
        spec.set("name", fitting)
    st.session_state[f"named_{key}"] = fitting
    return spec.text


def _start(project: Project, text: str) -> None:
    try:
        spec = own_spec(project, text)
    except KerasCnnError as error:
        complain(error)
        st.button("Start training", type="primary", disabled=True, key="start_not")
        st.caption("The settings above have to be right first.")
        return
    st.button(
        "Start training", type="primary", key="start", on_click=_begin, args=(project, text, nonce("start"), spec.name)
    )
    as_command(["kerascnn", "train", str(project.folder / "spec.yaml"), "--runs", str(project.runs)], yaml=text)


def _begin(project: Project, text: str, id: str, name: str) -> None:
    """Start it. The id came with the button: six clicks are one training."""
    with complaining():
        project.keep_draft(text)
        start(project, text, id=id, name=name)
        st.query_params["run"] = id
