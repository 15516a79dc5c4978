"""The whole way in a real browser: data, check, training, evaluation, cleaning, training again, prediction, report."""

from __future__ import annotations

import io
import os
import signal
import time
import zipfile
from pathlib import Path

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

    live = waited(
        lambda: next((one for one in trainings(project) if one.state == "running" and one.run.metrics()), None)
    )
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


def test_the_whole_way_with_the_demo_pictures(tab, server, tmp_path):
    began = time.monotonic()
    tab.open("/")
    tab.shot("home-empty")
    tab.click("Try the demo")
    assert tab.sees("6 with a wrong label")
    tab.shot("data")
    tab.click("Check the data")
    assert tab.sees("As the model will see them", 90)
    tab.shot("check")
    tab.click("Choose a template")
    tab.shot("train-cards")
    tab.click("Start training")
    assert tab.sees("The training is done", 240)
    tab.shot("train-done")
    tab.click("See the evaluation")
    assert tab.sees("are right", 120)
    assert tab.sees("may be wrong: look at them under Clean labels", 60)
    tab.shot("evaluate")
    print(f"{time.monotonic() - began:.0f} s from the first click to the verdict")

    # A click on a cell of the matrix shows the samples behind it.
    cell = tab.page.locator("[data-testid=stVegaLiteChart] svg text").get_by_text("18", exact=True)
    cell.scroll_into_view_if_needed()
    box = cell.bounding_box()
    tab.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert tab.sees("18 samples")
    tab.settle()
    tab.page.get_by_role("tab", name="Worst").click()
    tab.settle()
    tab.shot("evaluate-worst")

    project = next(one for one in Home(server.home).projects() if one.facts().title.startswith("Demo: pictures"))
    tab.page.get_by_role("tab", name="Clean labels").click()
    tab.settle()
    tab.page.get_by_role("button", name="Save as v2").wait_for()
    tab.shot("clean")
    planted = project.version("v1").facts["planted"]
    cards = tab.page.locator("[data-testid=stForm] [data-testid=stSelectbox]")
    assert cards.count() >= 1
    for i in range(cards.count()):
        tab.choose(cards.nth(i), 1)  # the class that the model finds right stands first after Keep
    tab.click("Save as v2")
    assert tab.sees("Saved as v2")
    fixed = [
        line for line in Path(project.version("v2").data["fixes"]).read_text("utf-8").splitlines() if "relabel" in line
    ]
    assert any(line.startswith(tuple(planted)) for line in fixed)
    tab.shot("clean-saved")

    tab.click("Train again on v2")
    assert tab.sees("Start training")
    tab.settle()
    tab.click("Start training")
    assert tab.sees("The training is done", 240)
    second = trainings(project)[0].run
    assert second.read("spec.resolved.json")["data"]["fixes"].endswith(Path(project.version("v2").data["fixes"]).name)
    tab.click("See the evaluation")
    assert tab.sees("are right", 120)
    one = trainings(project)[1].run.id
    tab.open(f"/evaluate?project={project.name}&run={second.id}&with={one}&look=Compare")
    assert tab.sees("samples", 90)
    tab.shot("compare")

    tab.click("Predict with this run")
    picture = next((project.folder / "data" / "demo").glob("*/*.png"))
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    tab.page.locator("[data-testid=stFileUploader] input[type=file]").set_input_files([str(picture), str(broken)])
    assert tab.sees("broken.png")
    tab.settle()
    tab.click("Answer")
    tab.page.get_by_role("heading", name="Answers").wait_for(timeout=120_000)
    assert tab.sees("1 that cannot be read")
    tab.settle()
    tab.shot("predict")
    with tab.page.expect_download() as saved:
        tab.page.get_by_role("button", name="Download as CSV", exact=True).click()
    assert picture.name in Path(saved.value.path()).read_text("utf-8")

    tab.open(f"/report?project={project.name}&run={second.id}")
    # The evaluation wrote it already.
    tab.page.frame_locator("iframe").get_by_text("accuracy").first.wait_for(timeout=120_000)
    tab.shot("report")
    tab.page.get_by_role("button", name="Make the download").scroll_into_view_if_needed()
    tab.page.wait_for_timeout(1000)  # what comes into view moves the rest
    tab.click("Make the download")
    link = tab.page.get_by_role("link", name="Download model")
    link.wait_for(timeout=60_000)
    given = tab.page.request.get(f"{server.url}{link.get_attribute('href')}")
    assert zipfile.ZipFile(io.BytesIO(given.body())).testzip() is None

    for name in ("runs", "plugins", "settings"):
        tab.open(f"/{name}?project={project.name}")
        tab.shot(name)
    assert "tensorflow" not in server.libraries()


def test_a_zip_of_90_mib_is_uploaded_unpacked_and_known_at_flat_memory(tab, server, tmp_path):
    from PIL import Image

    project = Home(server.home).create("Uploaded", "image_classification")
    archive = tmp_path / "pictures.zip"
    with zipfile.ZipFile(archive, "w") as pack:
        for i in range(60):
            file = io.BytesIO()
            Image.frombytes("RGB", (720, 720), os.urandom(720 * 720 * 3)).save(file, "PNG", compress_level=0)
            pack.writestr(f"pictures/{'cat' if i % 2 else 'dog'}/{i}.png", file.getvalue())
        pack.writestr("__MACOSX/pictures/cat/._1.png", b"junk")
    assert archive.stat().st_size > 80 * 2**20
    tab.open(f"/data?project={project.name}")
    assert tab.sees("Bring in")
    tab.shot("data-empty")
    before = server.memory()
    tab.page.get_by_role("radio", name="Upload a file").click()
    tab.settle()
    tab.page.get_by_label("Choose an archive or a table").set_input_files(archive)
    waited(lambda: project.versions())
    assert server.memory() - before < 40
    tab.settle()
    assert tab.sees("60")
    tab.shot("data-uploaded")
    assert project.version().data["source"]["type"] == "image_folder"
    assert not list(Path(project.version().data["source"]["path"]).rglob("._*"))


def test_every_page_is_reached_by_keyboard_and_says_what_to_do_without_a_project(tab):
    for name in ("data", "check", "train", "evaluate", "predict", "report", "runs"):
        tab.open(f"/{name}")
        assert tab.sees("No project is open"), name
        button = tab.page.get_by_role("button", name="Go to Home")
        for _ in range(40):
            if button.evaluate("button => button === document.activeElement"):
                break
            tab.page.keyboard.press("Tab")
        else:
            raise AssertionError(f"the button of {name} is not reached by Tab")
    tab.page.keyboard.press("Enter")
    assert tab.sees("Try the demo")


@pytest.mark.parametrize("kind", ["Texts", "Time series"])
def test_texts_and_series_go_the_same_way(tab, server, kind):
    tab.open("/")
    tab.page.get_by_role("radio", name=kind).click()
    tab.settle()
    tab.click("Try the demo")
    assert tab.sees("6 with a wrong label")
    tab.click("Check the data")
    assert tab.sees("As the model will see them", 90)
    tab.shot(f"check-{kind[:5]}")
    tab.click("Choose a template")
    tab.click("Start training")
    assert tab.sees("The training is done", 240)
    tab.click("See the evaluation")
    assert tab.sees("are right", 120)
    assert tab.sees("Clean labels")
    tab.page.get_by_role("tab", name="Worst").click()
    tab.settle()
    tab.shot(f"evaluate-{kind[:5]}")
    tab.click("Predict with this run")
    assert tab.sees("Ask a trained model")
    tab.shot(f"predict-{kind[:5]}")
