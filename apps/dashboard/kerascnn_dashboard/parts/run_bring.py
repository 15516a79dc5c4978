"""Bringing a model in: a file that `Download model` of the page Report gave, here or on another computer."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import streamlit as st

from kerascnn.errors import KerasCnnError, ResourceError, UsageError
from kerascnn_dashboard.logic.bundles import check_bundle
from kerascnn_dashboard.logic.project import Project
from kerascnn_dashboard.parts.evaluate_job import ended_badly, follow
from kerascnn_dashboard.parts.frame import complaining, home, nonce, plain, spend

KIND = "bring"


def bring_in(project: Project) -> None:
    """Draw the way in for a model that was trained elsewhere, and what became of the last one."""
    id = st.session_state.get("nonce_bring", "")
    job = project.jobs.find(id) if id else None
    with st.expander("Bring a model in", expanded=job is not None):
        if job is not None and job.state() == "running":
            follow(job, "Looking at the model ...")
            return
        if job is not None and job.state() == "done":
            with complaining():
                found = job.output()
                st.success(f"{plain(found['name'])} is here, as {plain(found['run'])}. Use it on the page Predict.")
        elif job is not None and ended_badly(job, "Bringing the model in", "bring_again"):
            spend("bring")
            st.rerun()
        st.write("A file that `Download model` of the page Report gave. Nothing in it is run; other files are refused.")
        st.file_uploader("File (up to 50 MB)", type=["zip"], key="bring_file", max_upload_size=50)
        st.text_input("Or its path on this computer", key="bring_path", placeholder="/data/models/beetles.zip")
        st.button("Bring it in", key="bring", on_click=_begin, args=(project,))
        if said := st.session_state.pop("bring_error", ""):
            st.error(plain(said))


def _begin(project: Project) -> None:
    """Look at what was given, and start the job that brings it in."""
    spend("bring")
    given = st.session_state.get("bring_file")
    try:
        if given is not None:
            _check(project, given, given.name)
            doing, file = "upload", _kept(project, given)
        else:
            doing, file = "take", _at(str(st.session_state.get("bring_path") or ""))
            _check(project, file, file.name)
        name = Path(given.name if given is not None else file.name).name[:120]
        command = ["kerascnn_dashboard.bundling", doing, str(file), str(project.runs), name]
        project.jobs.start(KIND, command, id=nonce("bring"), facts={"name": name})
    except KerasCnnError as error:
        st.session_state["bring_error"] = str(error)


def _check(project: Project, file: Any, name: str) -> None:
    """Raise UntrustedFileError for what is no bundle, and UsageError for one of another task."""
    bundle = check_bundle(file, Path(name).name[:120])
    if bundle.task != project.facts().task:
        raise UsageError(f"this model is for {bundle.task}, and this project is about {project.facts().task}")


def _kept(project: Project, given: Any) -> Path:
    """Return where an upload was written. Raises ResourceError where it cannot be."""
    folder = project.folder / "bundles" / f"bring-{secrets.token_hex(6)}"
    try:
        folder.mkdir(parents=True)
        (folder / "model.zip").write_bytes(given.getbuffer())
    except OSError as error:
        raise ResourceError(f"cannot write in {folder}: {error.strerror or error}") from error
    return folder / "model.zip"


def _at(path: str) -> Path:
    """Return the file of a path. Raises UsageError where there is none that may be read."""
    if not path.strip():
        raise UsageError("choose a file first, or give its path")
    file = home().allowed(path)
    if not file.is_file():
        raise UsageError(f"'{file}' is no file")
    return file
