"""The whole way in a real browser: data, check, training, evaluation, cleaning, training again, prediction, report."""

from __future__ import annotations

import os
import signal
import time

import pytest

from kerascnn_dashboard.logic.home import Home
from kerascnn_dashboard.logic.presets import presets
from kerascnn_dashboard.logic.project import Project
from kerascnn_dashboard.logic.spec_text import SpecText
from kerascnn_dashboard.logic.training import trainings
from tests.browser import needs_chromium
from tests.dashboard.browsing import Tab, browsing, serving

pytestmark = [needs_chromium, pytest.mark.slow]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("journey") / "home") as server:
        yield server


@pytest.fixture(scope="module")
def browser():
    with browsing() as browser:
        yield browser


@pytest.fixture
def tab(browser, server, tmp_path):
    tab = Tab(browser, server, tmp_path / "shots")
    yield tab
    assert tab.outside() == []
    tab.page.close()


def waited(what, seconds=90.0, every=0.2):
    """Wait until something is so, and return what it gave."""
    until = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < until, "it did not come in time"
        time.sleep(every)
    return found


def project_of(server, name: str) -> Project:
    return Home(server.home).project(name)


def long_draft(project: Project) -> None:
    """Let the next training take long."""
    spec = SpecText(project.draft() or presets(project, project.version())[0].text)
    spec.set("train.stages", [{"epochs": 3000, "learning_rate": 1e-4}])
    spec.remove("train.patience")
    project.keep_draft(spec.text)


def test_six_clicks_on_start_are_one_training_that_survives_refresh_second_tab_and_a_killed_server(
    tab, browser, server, tmp_path
):
    from kerascnn_dashboard.logic.demo import make_demo

    project = make_demo(Home(server.home), "pictures")
    address = f"/train?project={project.name}"
    tab.open(address)
    tab.shot("train-new")
    long_draft(project)
    tab.page.close()

    tab = Tab(browser, server, tmp_path / "shots").open(address)
    start = tab.page.get_by_role("button", name="Start training", exact=True)
    start.wait_for()
    # Six clicks faster than the server answers, as an impatient hand makes them.
    start.evaluate("button => { for (let i = 0; i < 6; i++) button.click() }")
    tab.page.wait_for_url("**run=**")
    tab.settle()
    assert len(trainings(project)) == 1

    live = waited(lambda: next((one for one in trainings(project) if one.state == "running" and one.run.metrics()), None))
    tab.open(f"{address}&run={live.id}")
    assert tab.sees("Round ")
    tab.shot("train-live")
    began = time.monotonic()
    tab.page.reload()
    tab.settle()
    assert tab.sees("Round ")
    assert time.monotonic() - began < 20
    second = Tab(browser, server, tmp_path / "shots").open(f"{address}&run={live.id}")
    assert second.sees("Round ")
    second.page.close()

    worker = live.run.state.pid
    rounds = len(live.run.metrics())
    server.kill()
    waited(lambda: len(live.run.metrics()) > rounds + 3)
    server.start()
    assert live.run.state.pid == worker
    tab.open(f"{address}&run={live.id}")
    assert tab.sees("Round ")

    os.kill(worker, signal.SIGKILL)
    killed = time.monotonic()
    assert tab.sees("Lost", 15)
    assert time.monotonic() - killed < 5
    assert tab.sees("ended without a word")
    tab.shot("train-lost")
    tab.click("Resume")
    waited(lambda: trainings(project)[0].state == "running")
    assert len(trainings(project)) == 1
    assert tab.sees("Round ")
    assert trainings(project)[0].run.metrics()[rounds - 1]["epoch"] == rounds

    tab.click("Stop and keep the best")
    waited(lambda: trainings(project)[0].state == "stopped")
    assert tab.sees("best model so far is kept")
    assert (trainings(project)[0].run.path / "model.keras").is_file()
    tab.shot("train-stopped")
    assert "tensorflow" not in server.libraries()
    assert tab.outside() == []
