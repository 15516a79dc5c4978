"""The ways in which data comes: a folder of this computer, an upload, the demo that is built in."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from kerascnn.errors import KerasCnnError
from kerascnn_dashboard.logic.browse import inside
from kerascnn_dashboard.logic.demo import demo_for
from kerascnn_dashboard.logic.imports import begin
from kerascnn_dashboard.logic.project import Project
from kerascnn_dashboard.logic.sizes import said
from kerascnn_dashboard.logic.tasks import AboutTask
from kerascnn_dashboard.logic.uploads import Upload, Uploads
from kerascnn_dashboard.parts.frame import complain, complaining, home, nonce, plain, spend, user
from kerascnn_dashboard.upload import uploader


def show_way(way: str, project: Project, about: AboutTask) -> None:
    """Draw one of WAYS."""
    WAYS[way](project, about)


def start(project: Project, order: dict[str, object], name: str, *, id: str = "") -> None:
    """Start an import, and show the page again."""
    try:
        job = begin(home(), project, order, id=id or nonce("import"), name=name, by=user())
    except KerasCnnError as error:
        complain(error)
        return
    if not id:
        spend("import")
    if job:
        st.rerun()


def _folder(project: Project, about: AboutTask) -> None:
    st.caption(
        "Nothing is copied: the folder is read where it lies, and has to stay there. An archive is unpacked into the "
        "project."
    )
    _browse()
    path = st.text_input(
        "Folder, archive or table", key="data_path", placeholder="/data/pictures",
        help="The whole path on the computer that runs this program.",
    )  # fmt: skip
    if st.button("Bring in", type="primary", key="data_take", disabled=not path.strip()):
        start(project, {"way": "folder", "path": path.strip()}, path.strip())


def _browse() -> None:
    """Draw a small browser of the folders that may be read; what is chosen stands in the field under it."""
    with st.expander("Browse"), complaining():
        roots = [str(root) for root in home().roots()]
        if not roots:
            st.caption("No folder may be read; allow some on the page Settings.")
            return
        at = str(st.session_state.get("data_browse") or roots[0])
        try:
            found = inside(home(), at)
        except KerasCnnError as error:
            complain(error)
            st.button("Back to the first folder", key="browse_reset", on_click=_look_at, args=(roots[0],))
            return
        st.code(str(found.path), language=None, wrap_lines=True)
        st.caption(
            f"{len(found.folders)} folders and {found.files} files" + (", more than are listed" if found.more else "")
        )
        chosen = st.selectbox(
            "Folder inside it", found.folders, index=None, key=f"browse_{found.path}", placeholder="Choose"
        )
        with st.container(horizontal=True):
            st.button(
                "Open",
                key="browse_open",
                disabled=not chosen,
                on_click=_look_at,
                args=(str(found.path / (chosen or "")),),
            )
            st.button(
                "Up", key="browse_up", disabled=found.up is None, on_click=_look_at, args=(str(found.up or found.path),)
            )
            used = found.path / chosen if chosen else found.path
            st.button("Use this folder", key="browse_use", on_click=_use, args=(str(used),))
            for i, root in enumerate(roots if len(roots) > 1 else ()):
                st.button(root, key=f"browse_root_{i}", on_click=_look_at, args=(root,))


def _look_at(path: str) -> None:
    st.session_state["data_browse"] = path


def _use(path: str) -> None:
    st.session_state["data_path"] = path


def _upload(project: Project, about: AboutTask) -> None:
    uploads = Uploads(home())
    uploads.remove_stale()
    there = uploads.of(project.name)
    whole = uploader(
        project.name, nonce("upload"), limit=uploads.limit, unfinished=there, key=f"uploader_{project.name}"
    )
    done = uploads.find(whole) if whole else None
    if done is not None and done.file is not None and done.project == project.name:
        spend("upload")
        start(project, {"way": "upload", "upload": done.id}, done.name, id=done.id)
    for one in there:
        if project.jobs.find(one.id) is None:
            _waiting(project, uploads, one)


def _waiting(project: Project, uploads: Uploads, one: Upload) -> None:
    """Draw an upload that was not brought in yet, or that is not whole."""
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        if one.file is None:
            share = f"{said(one.received)} of {said(one.size)}"
            st.markdown(f"{plain(one.name)}: {share} are there. Choose the same file again to go on.")
        else:
            st.markdown(f"{plain(one.name)}, {said(one.size)}, is uploaded.")
            if st.button("Bring in", key=f"take_{one.id}", type="primary"):
                start(project, {"way": "upload", "upload": one.id}, one.name, id=one.id)
        st.button("Remove", key=f"drop_{one.id}", on_click=uploads.remove, args=(one.id,))


def _demo(project: Project, about: AboutTask) -> None:
    kind = demo_for(about.reads, about.target)
    if not kind:
        st.info(
            "There is no demo for this task. The page Home makes demo projects for pictures, texts and time series."
        )
        return
    st.write(
        f"A small set of {plain(about.medium)} that this program makes itself, with a few wrong labels to be found."
    )
    if st.button("Make the demo data", type="primary", key="data_demo"):
        start(project, {"way": "demo"}, "the demo")


WAYS: dict[str, Callable[[Project, AboutTask], None]] = {
    "Folder on this computer": _folder,
    "Upload a file": _upload,
    "Demo": _demo,
}
"""What the user chooses from."""
