"""How files come to a model: chosen, photographed, named by their folder, or written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import streamlit as st

from kerascnn.errors import KerasCnnError
from kerascnn_dashboard.logic.files import files_of
from kerascnn_dashboard.logic.predictions import MOST_BYTES, Batch, Choice, find_batch, new_batch
from kerascnn_dashboard.logic.predictor import predictors
from kerascnn_dashboard.logic.project import Project
from kerascnn_dashboard.parts.frame import complain, home, nonce, spend

_SOON = 1.0
"""Seconds to wait for a model that is loaded, so that a few files need no second look."""
_FILES, _CAMERA, _FOLDER, _TEXT = "Files", "Camera", "Folder on this computer", "Write a text"
_Type = Literal["primary", "secondary"]
_WHAT = {"image": "Pictures", "text": "Texts (.txt)", "audio": "Sounds (.wav)", "series": "Series (.csv or .npy)"}


def ask(project: Project, run: Choice, *, first: bool) -> Batch | None:
    """Draw the ways in; return what was asked for now, None where nothing was.

    `first`: nothing was asked before, so this is what there is to do on the page.
    """
    ways = {"image": [_FILES, _CAMERA, _FOLDER], "text": [_TEXT, _FILES, _FOLDER]}.get(run.reads, [_FILES, _FOLDER])
    way = st.segmented_control("Where from", ways, default=ways[0], required=True, key=f"way_{run.reads}")
    try:
        drawn = {_FILES: _ask_files, _CAMERA: _ask_camera, _FOLDER: _ask_folder, _TEXT: _ask_texts}[str(way)]
        return drawn(project, run, "primary" if first else "secondary")
    except KerasCnnError as error:
        spend("predict")
        complain(error)
        return None


def _ask_files(project: Project, run: Choice, type: _Type) -> Batch | None:
    with st.form("predict_files", clear_on_submit=True, border=False):
        found = st.file_uploader(
            f"{_WHAT.get(run.reads, 'Files')}, at most {MOST_BYTES >> 20} MB each",
            accept_multiple_files=True,
            key="predict_upload",
        )
        if st.form_submit_button("Answer", type=type, key="answer_files"):
            return _begin(project, run, uploads=[(one.name, one.getvalue()) for one in found or []])
    return None


def _ask_camera(project: Project, run: Choice, type: _Type) -> Batch | None:
    picture = st.camera_input("Take a picture", key="predict_camera")
    if picture is not None and st.button("Answer", type=type, key="answer_camera"):
        return _begin(project, run, uploads=[("photo.jpg", picture.getvalue())])
    return None


def _ask_folder(project: Project, run: Choice, type: _Type) -> Batch | None:
    with st.form("predict_folder", border=False):
        folder = st.text_input(
            "Folder or file", placeholder="/data/new", key="predict_path", help="Settings says which may be read."
        )
        if st.form_submit_button("Answer", type=type, key="answer_folder"):
            files, names = files_of(home(), folder, run.reads)
            return _begin(project, run, files=files, names=names)
    return None


def _ask_texts(project: Project, run: Choice, type: _Type) -> Batch | None:
    with st.form("predict_texts", border=False):
        text = st.text_area("Text", key="predict_text", max_chars=100_000)
        each = st.toggle("Each line is a text of its own", value=True, key="predict_lines")
        if st.form_submit_button("Answer", type=type, key="answer_texts"):
            texts = [line.strip() for line in text.splitlines() if line.strip()] if each else [text.strip()]
            written = [(f"text {i}.txt", one.encode()) for i, one in enumerate(texts, 1) if one]
            return _begin(project, run, uploads=written)
    return None


def _begin(
    project: Project, run: Choice, *, uploads: Sequence[tuple[str, bytes]] = (), files: Sequence[Path] = (),
    names: Sequence[str] = (),
) -> Batch:  # fmt: skip
    batch = new_batch(project, run, id=nonce("predict"), uploads=uploads, files=files, names=names)
    spend("predict")
    if predictors().state(run.path) == "ready":
        batch.wait(_SOON)
    return find_batch(project, batch.id) or batch
