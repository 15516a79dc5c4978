"""Draws a page of a plugin, and gives it what it may use of the dashboard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from kerascnn.errors import KerasCnnError
from kerascnn.spec import Desk
from kerascnn_dashboard.logic.home import Home
from kerascnn_dashboard.logic.pictures import thumbnail
from kerascnn_dashboard.logic.plugin_pages import PluginPage, failure, keep_file, known_by, models
from kerascnn_dashboard.logic.project import Project
from kerascnn_dashboard.parts import frame
from kerascnn_dashboard.parts.evaluate_job import ended_badly, follow


class OpenDesk(Desk):
    """The desk of a page on an open project."""

    def __init__(self, page: str, home: Home, project: Project):
        facts = project.facts()
        self.project, self.title, self.task, self.runs = project.name, facts.title, facts.task, project.runs
        self._page, self._home, self._project = page, home, project

    def models(self, *tasks: str) -> Mapping[str, str]:
        """Return the runs that have a model."""
        return models(self._project, tasks)

    def allowed(self, path: str | Path) -> Path:
        """Return a path that may be read."""
        return self._home.allowed(path)

    def keep(self, name: str, content: bytes) -> Path:
        """Write down what somebody uploaded."""
        return keep_file(self._project, self._page, name, content)

    def ask(self, label: str, command: Sequence[str], **about: Any) -> Any:
        """Draw the button of a command, how far it is, or why it failed; return what it printed."""
        facts, key = known_by(self._page, label, about)
        jobs, found = self._project.jobs, None
        job = jobs.last("page", key=key)
        if job is not None and job.id == st.session_state.get(f"nonce_{key}"):
            frame.spend(key)
        if job is None:
            begin = st.button(label, key=f"ask_{key}", type="primary")
        elif job.state() == "running":
            begin = False
            follow(job, f"{frame.plain(label)} ...", key)
        elif job.state() == "done":
            begin, found = False, job.output()
        else:
            begin = ended_badly(job, f"'{frame.plain(label)}'", f"again_{key}")
        if begin:
            jobs.start("page", command, id=frame.nonce(key), facts=facts)
            st.rerun()
        frame.as_command(command)
        return found

    def picture(self, path: str | Path, caption: str) -> None:
        """Draw a small version of a picture."""
        try:
            small = thumbnail(self._home, self._home.inside(Path(path)))
        except KerasCnnError as error:
            st.caption(frame.plain(error))
            return
        st.image(str(small), alt=caption, caption=frame.plain(caption))

    def plain(self, text: object) -> str:
        """Return a text for Markdown."""
        return frame.plain(text)


def draw(page: PluginPage) -> None:
    """Draw a page. Whatever it raises is said in its place, and no other page knows of it."""
    frame.page(page.page.title, frame.plain(page.page.purpose))
    project = frame.project()
    try:
        page.page().draw(OpenDesk(page.name, frame.home(), project))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a stranger's page may raise anything
        frame.complain(failure(page, error))
        if not isinstance(error, KerasCnnError):
            st.caption("Everything else of the dashboard works on. `kerascnn plugins check` finds faults of pages.")


def as_navigation(page: PluginPage) -> Any:
    """Return the entry of a page in the list; without its icon where Streamlit does not know that."""

    def show() -> None:
        draw(page)

    try:
        return st.Page(show, title=page.page.title, icon=page.page.icon or None, url_path=page.address)
    except st.errors.StreamlitAPIException:
        return st.Page(show, title=page.page.title, url_path=page.address)
