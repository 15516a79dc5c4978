"""A home folder, and pages without a browser."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

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


@pytest.fixture
def tab(browser, server, tmp_path):
    """Return a page of the module's browser at its server; at its end nothing outside was asked for."""
    from tests.dashboard.browsing import Tab

    tab = Tab(browser, server, tmp_path / "shots")
    yield tab
    assert tab.outside() == []
    tab.page.close()


@pytest.fixture(autouse=True)
def own_main():
    """Give the process back its `__main__`, which Streamlit replaces by the page: processes that another test starts
    would run the page, end with its error, and be started again for ever."""
    before = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = before


@pytest.fixture(autouse=True, scope="session")
def light_pages():
    """Leave out what Streamlit does for each page beside drawing it, which takes most of the time of these tests.

    It clears Keras's session and collects garbage after each run, a second each where other tests have loaded Keras,
    which the server never does. It looks through all installed packages for components (none is there; the dashboard's
    own one is registered by its module), rewrites the code for its magic commands, which the server turns off, and
    forgets it with each run.
    """
    from streamlit import config
    from streamlit.components.v2 import manifest_scanner
    from streamlit.runtime.scriptrunner import script_cache, script_runner
    from streamlit.testing.v1 import local_script_runner

    shared = script_cache.ScriptCache()
    config.set_option("runner.magicEnabled", False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", list)
        patch.setattr(script_runner, "_clean_problem_modules", lambda: None)
        patch.setattr(script_runner, "gc", SimpleNamespace(collect=lambda generation=2: 0))
        patch.setattr(local_script_runner, "ScriptCache", lambda: shared)
        yield
