"""Every page in every state as a browser shows it: whole at 390 pixels, in light and dark, words for pictures."""

from __future__ import annotations

import fcntl
import io
import subprocess
import sys
import time
import zipfile
from itertools import pairwise
from pathlib import Path

import pytest
from PIL import Image

from kerascnn.jobs.queue import Queue
from kerascnn_dashboard.logic.home import Home
from kerascnn_dashboard.logic.predictions import find_batch
from kerascnn_dashboard.logic.training import trainings
from tests.browser import needs_chromium
from tests.dashboard.browsing import Tab, browsing, serving
from tests.dashboard.made_states import states
from tests.dashboard.made_tasks import KINDS

pytestmark = [needs_chromium, pytest.mark.slow]
ROOT = Path(__file__).parents[2]
SCREENS = ("check", "evaluate", "predict", "report")
CAMERA = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Return a home with a project of each task, whose models were trained."""
    folder = tmp_path_factory.mktemp("tasks") / "home"
    made = subprocess.run(
        [sys.executable, "-m", "tests.dashboard.made_tasks", str(folder)],
        cwd=ROOT, capture_output=True, text=True, timeout=1500,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    return Home(folder)


@pytest.fixture(scope="module")
def pages(home):
    """Make the projects in all states, and return the addresses of their pages with what each says."""
    with states(home) as pages:
        yield pages


@pytest.fixture(scope="module")
def server(home):
    with serving(home.folder) as server:
        yield server


@pytest.fixture(scope="module")
def browser():
    with browsing(*CAMERA) as browser:
        yield browser


def looked_at(tab: Tab, name: str, address: str, says: str = "", *, dark: bool = True) -> list[str]:
    """Open a page, keep pictures of it in light and dark, and return what is wrong with it."""
    tab.open(address)
    found = []
    if says and not tab.sees(says):
        found.append(f"does not say '{says}'")
    tab.page.wait_for_timeout(300)
    tab.settle()
    text = tab.page.locator("body").inner_text()
    found += [f"says '{word}'" for word in ("Traceback", "Error:", "Exception") if word in text]
    if tab.page.locator("[data-testid=stException]").count():
        found.append("shows an exception")
    found += nameless(tab)
    try:
        tab.shot(name)
    except AssertionError as error:
        found.append(str(error))
    if dark:
        found += in_the_dark(tab, name)
    return [f"{name}: {one}" for one in found]


def in_the_dark(tab: Tab, name: str) -> list[str]:
    """Keep a picture of the page as it is where the computer is dark."""
    tab.page.emulate_media(color_scheme="dark")
    tab.page.wait_for_timeout(400)
    tab.page.screenshot(path=tab.shots / f"{name}-dark-1366.png", full_page=True)
    light = tab.page.evaluate(
        "getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor.match(/[0-9]+/g)[0]"
    )
    tab.page.emulate_media(color_scheme="light")
    return ["is not dark where the computer is"] if int(light) > 80 else []


NAMELESS = """() => {
  const seen = (one) => one.checkVisibility() && !one.closest("[aria-hidden=true]");
  const main = [...document.querySelectorAll("[data-testid=stMain]")].flatMap((one) => [...one.querySelectorAll(
    "img, button, input:not([type=hidden]), textarea, [role=button], [data-testid=stVegaLiteChart]")]);
  const name = (one) => one.alt || one.getAttribute("aria-label") || one.title || one.innerText ||
    (one.labels && [...one.labels].map((label) => label.innerText).join("")) ||
    document.getElementById(one.getAttribute("aria-labelledby") || "")?.innerText ||
    [...one.querySelectorAll("[aria-label], [alt]")].map((inner) => inner.getAttribute("aria-label") || inner.alt)[0];
  return main.filter((one) => seen(one) && !(name(one) || "").trim() && one.alt !== "")
    .map((one) => one.outerHTML.slice(0, 160));
}"""


def nameless(tab: Tab) -> list[str]:
    """Return what is on a page without a name for those who do not see it: pictures, charts, buttons, fields."""
    return [f"has no name for {one}" for one in tab.page.evaluate(NAMELESS)]


def test_every_page_in_every_state(pages, tab):
    wrong = []
    for name, (address, says) in pages.items():
        wrong += looked_at(tab, name, address, says)
    assert wrong == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_page_of_every_task(home, tab, kind):
    wrong = []
    for screen in SCREENS:
        wrong += looked_at(tab, f"{kind}-{screen}", f"/{screen}?project={kind}", dark=False)
    tab.open(f"/evaluate?project={kind}")
    tabs = tab.page.get_by_role("tab")
    for number in range(tabs.count()):
        label = tabs.nth(number).inner_text().strip()
        short = label.lower().replace(" ", "-")
        wrong += looked_at(tab, f"{kind}-{short}", f"/evaluate?project={kind}&look={label}", dark=False)
    assert wrong == []


# By hand, and without one.

STEPS = {
    "data": ("Check the data", "Check"),
    "check": ("Choose a template", "Train"),
    "evaluate": ("Predict with this run", "Predict"),
    "predict": ("Make a report", "Report"),
    "report": ("Use it on new data", "Predict"),
    "runs": ("New training", "Train"),
}
"""By page: the button that leads on, and the page that it leads to."""
FOCUSED = """() => {
  let one = document.activeElement;
  while (one?.shadowRoot?.activeElement) one = one.shadowRoot.activeElement;
  if (!one || one === document.body || !one.closest("[data-testid=stMain]")) return null;
  const box = one.getBoundingClientRect(), style = getComputedStyle(one);
  const around = getComputedStyle(one.parentElement);
  return { name: (one.innerText || one.getAttribute("aria-label") || "").trim(), top: box.top + scrollY,
    seen: style.outlineStyle !== "none" || style.boxShadow !== "none" || around.boxShadow !== "none" ||
      style.borderColor !== around.borderColor };
}"""


def tab_to(tab: Tab, label: str, most: int = 150) -> list[dict]:
    """Press Tab until the button of this label has the focus; return what had it on the way."""
    tab.page.evaluate("document.activeElement.blur()")
    way = []
    for _ in range(most):
        tab.page.keyboard.press("Tab")
        if (one := tab.page.evaluate(FOCUSED)) is not None:
            way.append(one)
            if one["name"] == label:
                return way
    raise AssertionError(f"'{label}' is not reached by Tab; these were: {[one['name'] for one in way]}")


@pytest.mark.parametrize("screen", STEPS)
def test_the_next_step_is_reached_and_taken_by_keyboard(home, tab, screen):
    label, leads = STEPS[screen]
    tab.open(f"/{screen}?project=numbers")
    tab.page.get_by_role("button", name=label, exact=True).wait_for()
    tab.page.wait_for_timeout(1000)
    way = tab_to(tab, label)
    assert way[-1]["seen"], "the focus is not to be seen"
    tops = [one["top"] for one in way]
    assert sum(later < before - 60 for before, later in pairwise(tops)) <= 1, "the order jumps"
    tab.page.keyboard.press("Enter")
    tab.page.get_by_role("heading", name=leads, exact=True).wait_for()


def test_a_training_is_started_and_taken_back_by_keyboard(home, tab):
    project = home.project("numbers")
    lock = Queue(project.runs).folder / "pool.lock"
    with lock.open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # nothing is begun
        tab.open("/train?project=numbers")
        tab.page.get_by_role("button", name="Start training", exact=True).wait_for()
        tab.settle()
        tab_to(tab, "Start training")
        tab.page.keyboard.press("Enter")
        assert tab.sees("Take it back")
        assert [one.state for one in trainings(project)].count("waiting") == 1
        tab.settle()
        tab_to(tab, "Take it back")
        tab.page.keyboard.press("Enter")
        assert tab.sees("Taken back")
    assert [one.state for one in trainings(project)].count("cancelled") == 1


def test_a_picture_of_the_camera_is_answered(home, tab):
    tab.open("/predict?project=numbers")
    tab.page.get_by_role("radio", name="Camera").click()
    tab.settle()
    shoot = tab.page.get_by_role("button", name="Take Photo")
    shoot.wait_for()
    tab.page.wait_for_function("[...document.querySelectorAll('video')].some((one) => one.videoWidth > 0)")
    tab.shot("predict-camera")
    shoot.click()
    tab.page.get_by_role("button", name="Answer", exact=True).wait_for()
    tab.settle()
    tab.click("Answer")
    assert tab.sees("1 file", 180) or tab.sees("photo.jpg", 30)
    (photo,) = (home.project("numbers").folder / "predictions").glob("*/files/*photo.jpg")
    with Image.open(photo) as taken:
        assert min(taken.size) > 100
        greys = taken.convert("L").histogram()
        assert sum(count > 0 for count in greys) > 8  # the camera's picture, and nothing blank
    (batch,) = (one for one in (find_batch(home.project("numbers"), photo.parents[1].name),) if one)
    batch.wait(60)
    waited = time.monotonic() + 180
    while not (answered := find_batch(home.project("numbers"), batch.id)).rows() and time.monotonic() < waited:
        time.sleep(0.5)
    assert [row["name"] for row in answered.rows()] == ["photo.jpg"]


def drop(tab: Tab, place: str, files: dict[str, bytes]) -> None:
    """Drop files of these names and contents on a place, as a hand with a mouse does."""
    pairs = [[name, list(content)] for name, content in files.items()]
    carried = tab.page.evaluate_handle(
        "(files) => { const all = new DataTransfer(); for (const [name, bytes] of files) "
        "all.items.add(new File([new Uint8Array(bytes)], name)); return all; }",
        pairs,
    )
    for event in ("dragenter", "dragover", "drop"):
        tab.page.locator(place).first.dispatch_event(event, {"dataTransfer": carried})


def test_files_are_dropped_on_the_page_predict(home, tab):
    tab.open("/predict?project=masks")
    picture = next((home.project("masks").folder / "data" / "made" / "images").glob("*.png")).read_bytes()
    drop(tab, "[data-testid=stFileUploaderDropzone]", {"one.png": picture, "two.png": picture})
    assert tab.sees("one.png")
    assert tab.sees("two.png")


def test_an_archive_is_dropped_on_the_page_data(home, tab):
    project = home.create("Dropped", "image_classification")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for i in range(8):
            file = io.BytesIO()
            Image.new("RGB", (20, 20), (30 * i, 90, 200)).save(file, "PNG")
            archive.writestr(f"{'cat' if i % 2 else 'dog'}/{i}.png", file.getvalue())
    tab.open(f"/data?project={project.name}")
    tab.page.get_by_role("radio", name="Upload a file").click()
    tab.page.get_by_label("Choose an archive or a table").wait_for()
    tab.page.locator(".box").dispatch_event("dragover")
    assert "over" in (tab.page.locator(".box").get_attribute("class") or "")
    drop(tab, ".box", {"pictures.zip": packed.getvalue()})
    until = time.monotonic() + 60
    while not project.versions() and time.monotonic() < until:
        time.sleep(0.2)
    assert project.version().facts["samples"] == 8


def test_what_a_click_opens_is_whole_and_named_too(pages, tab):
    wrong = []

    def look(name: str) -> None:
        tab.page.wait_for_timeout(300)
        tab.settle()
        assert tab.page.locator("[data-testid=stException]").count() == 0, name
        wrong.extend(f"{name}: {one}" for one in nameless(tab))
        tab.shot(name)

    tab.open("/train?project=masks")
    for view in ("Advanced", "YAML"):
        tab.page.get_by_role("radio", name=view).click()
        tab.settle()
        assert tab.sees("Start training")
        look(f"train-{view.lower()}")
    tab.open("/settings")
    for name in ("Room on the disk", "This computer"):
        tab.page.get_by_role("tab", name=name).click()
        look(f"settings-{name.split()[-1]}")
    tab.open("/runs?project=judged")
    box = tab.page.locator("[data-testid=stMultiSelect]").filter(has_text="Chosen").locator("input")

    def choose(name: str) -> None:
        box.focus()
        tab.page.keyboard.type(name)
        tab.page.get_by_role("option").first.wait_for()
        tab.page.keyboard.press("Enter")
        tab.page.keyboard.press("Escape")
        tab.settle()

    choose("after")
    assert tab.sees("New one like this")
    look("runs-one")
    tab.click("Delete")
    assert tab.sees("To be sure, type its name")
    tab.page.screenshot(path=tab.shots / "runs-delete-1366.png")
    tab.page.keyboard.press("Escape")
    tab.settle()
    choose("My first")
    assert tab.sees("What was set otherwise")
    look("runs-two")
    assert wrong == []
