"""Pages of plugins in the frame of the dashboard: listed, given what they may use, and never in the way of others."""

from __future__ import annotations

import pytest
from streamlit.util import calc_hash

from kerascnn.errors import UsageError
from kerascnn.spec import plugins
from kerascnn.spec.component import forget
from kerascnn_dashboard.logic.plugin_pages import keep_file, known_by, plugin_pages
from tests.dashboard.made import finished_run
from tests.dashboard.made_runs import done_job, jobs_of

CODE = '''
from typing import ClassVar
from kerascnn.errors import UsageError
from kerascnn.spec import Page, register


class Said(Page):
    purpose: ClassVar[str] = "Look at *all*."

    def draw(self, desk):
        import streamlit as st

        models = desk.models("image_classification")
        st.text(f"{desk.project} {desk.title} {desk.task} {desk.runs.name} {list(models)}")
        found = desk.ask("Count them", ["kerascnn", "runs", "list", "--json"], which=list(models))
        st.text(f"found {found}")
        desk.picture(desk.runs.parent / "a.png", "A *picture*")


@register("said")
class Shown(Said):
    """What a page is given."""

    title: ClassVar[str] = "What is given"
    group: ClassVar[str] = "Keep"
    icon: ClassVar[str] = ":material/search:"


@register("raises")
class Raises(Said):
    """A page that raises."""

    title: ClassVar[str] = "Raises"

    def draw(self, desk):
        return 1 / 0


@register("leaves")
class Leaves(Said):
    """A page that ends the process."""

    title: ClassVar[str] = "Leaves"

    def draw(self, desk):
        raise SystemExit(3)


@register("asks")
class Asks(Said):
    """A page that was asked for what there is not."""

    title: ClassVar[str] = "Asks"
    icon: ClassVar[str] = ":material/no_such_icon:"

    def draw(self, desk):
        desk.allowed("/etc/passwd")
'''


@pytest.fixture
def open_added(home, open_page, monkeypatch, tmp_path):
    """Let a plugin of one file bring four pages; return a function that opens one of them."""
    file = tmp_path / "added_pages.py"
    file.write_text(CODE)
    monkeypatch.setenv(plugins.FILES, str(file))
    monkeypatch.setattr(plugins, "_loaded_plugins", set(plugins._loaded_plugins))
    plugins.load_plugin("added_pages")
    assert plugins.broken() == {}

    def open(name: str, **query: str):
        page = open_page("home", **query)
        page._page_hash = calc_hash(f"added_pages-{name}")
        return page.run()

    yield open
    forget("added_pages")


@pytest.fixture
def project(home):
    return home.create("My *own*", "image_classification")


def texts(page) -> list[str]:
    return [one.value for one in page.text]


def test_pages_are_found_by_name_and_have_addresses_of_their_own(open_added):
    assert [(one.name, one.address) for one in plugin_pages()] == [
        (f"added_pages.{name}", f"added_pages-{name}") for name in ("asks", "leaves", "raises", "said")
    ]


def test_a_page_is_given_the_project_and_its_models(open_added, project):
    run = finished_run(project)
    finished_run(project, number=1, medium="text")
    page = open_added("said", project=project.name)
    assert not page.exception
    assert [one.value for one in page.title] == ["What is given"]
    assert page.caption[0].value == r"Look at \*all\*\."
    assert texts(page) == [f"my-own My *own* image_classification runs ['{run.name}']", "found None"]
    assert any("is not there any more" in one.value for one in page.caption)


def test_a_command_is_a_job_that_six_clicks_start_once_and_its_answer_is_there_at_once(open_added, project, started):
    page = open_added("said", project=project.name)
    for _ in range(2):
        next(one for one in page.button if one.label == "Count them").click()
    page.run()
    assert len(jobs_of(started)) == 1
    [job] = project.jobs.all("page", page="added_pages.said")
    assert job.command == ("kerascnn", "runs", "list", "--json")
    assert "Count them" not in [one.label for one in page.button]
    assert any("Count them" in one.value for one in page.info)
    done_job(project.jobs, "page", [1, 2], id=job.id, **job.facts)
    assert texts(page.run())[-1] == "found [1, 2]"
    assert not page.exception


def test_a_command_that_failed_says_why_and_can_be_tried_again(open_added, project, started):
    facts, _ = known_by("added_pages.said", "Count them", {"which": []})
    done_job(project.jobs, "page", None, code=2, log="error: no *such* run", **facts)
    page = open_added("said", project=project.name)
    assert r"no \*such\* run" in page.error[0].value
    next(one for one in page.button if one.label == "Try again").click().run()
    assert len(jobs_of(started)) == 1
    assert not page.exception


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("raises", "division by zero"),
        ("leaves", "SystemExit"),
        ("asks", "may not be read"),
    ],
)
def test_a_page_that_raises_says_so_in_its_place_and_the_others_go_on(open_added, project, name, said):
    page = open_added(name, project=project.name)
    assert not page.exception
    assert len(page.error) == 1
    assert said in page.error[0].value
    if name != "asks":  # that is a mistake of the user's
        assert "added\\_pages\\.py" in page.error[0].value
        assert any("Everything else of the dashboard works on" in one.value for one in page.caption)
    page._page_hash = calc_hash("added_pages-said")
    assert texts(page.run())[-1] == "found None"
    page.switch_page("screens/plugins.py").run()
    assert not page.exception
    row = page.dataframe[0].value
    assert list(row[row["Plugin"] == "added_pages"]["State"]) == ["works"]


def test_without_a_project_the_way_home_is_offered(open_added):
    page = open_added("said")
    assert not page.exception
    assert "No project is open" in page.info[0].value


def test_a_file_that_was_brought_lies_in_the_project_under_a_safe_name(project):
    file = keep_file(project, "a.b", "../../x\ny.png", b"bytes")
    assert file.read_bytes() == b"bytes"
    assert file.is_relative_to(project.folder / "pages" / "a.b")
    assert file.name == "x_y.png"
    assert keep_file(project, "a.b", "../../x\ny.png", b"bytes") == file
    with pytest.raises(UsageError, match="50 MB are the most"):
        keep_file(project, "a.b", "x.png", b"0" * ((50 << 20) + 1))


def test_what_a_command_is_known_by_is_plain_data():
    one, key = known_by("a.b", "Go", {"run": "x", "most": 5})
    assert one == {"run": "x", "most": 5, "page": "a.b", "label": "Go", "key": key}
    assert known_by("a.b", "Go", {"most": 5, "run": "x"})[1] == key
    assert known_by("a.b", "Go", {"most": 6, "run": "x"})[1] != key
    with pytest.raises(TypeError):
        known_by("a.b", "Go", {"run": object()})
