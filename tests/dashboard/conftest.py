"""A home folder, and pages without a browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import kerascnn_dashboard
from kerascnn_dashboard.logic.home import Home

APP = Path(kerascnn_dashboard.__file__).with_name("app.py")


@pytest.fixture
def home(tmp_path, monkeypatch) -> Home:
    """Return an empty home that the pages use, too."""
    folder = tmp_path / "home"
    monkeypatch.setenv("KERASCNN_HOME", str(folder))
    monkeypatch.setenv("KERASCNN_LOGIN", "none")
    monkeypatch.setenv("KERASCNN_TOKEN", "test")
    made = Home(folder)
    made.set_roots([str(tmp_path)])
    return made


@pytest.fixture
def started(monkeypatch) -> list[list[str]]:
    """Let no process be started; return the commands of those that would have been."""
    from kerascnn_dashboard.logic import jobs, training

    found: list[list[str]] = []
    monkeypatch.setattr(jobs, "_begin", lambda folder: found.append([str(folder)]))
    monkeypatch.setattr(training, "keep_working", lambda project: found.append(["worker", project.name]))
    return found


@pytest.fixture
def open_page(home) -> Callable:
    """Return a function that opens a page of a project: `open_page("train", project="x", run="...")`."""
    from streamlit.testing.v1 import AppTest

    def open(screen: str, *, timeout: float = 20, **query: str) -> AppTest:
        page = AppTest.from_file(str(APP), default_timeout=timeout)
        for name, value in query.items():
            page.query_params[name] = value
        if screen != "home":
            page.switch_page(f"screens/{screen}.py")
        page.run()
        return page

    return open


@pytest.fixture(autouse=True, scope="session")
def no_look_at_every_package():
    """Let Streamlit not look through all installed packages for components at each page: half a second each, and none
    is there. The dashboard's own one is registered by its module."""
    from streamlit.components.v2 import manifest_scanner

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", list)
        yield
