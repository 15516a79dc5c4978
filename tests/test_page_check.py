"""The conformance kit on pages of the dashboard: each check against a page with one fault."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kerascnn.errors import PluginError, UsageError
from kerascnn.spec import Page
from kerascnn.testing import MadeUpDesk, check_page

PAGES = '''
from typing import ClassVar
from kerascnn.spec import Page, register


@register("good")
class Good(Page):
    """A page that draws a text."""

    title: ClassVar[str] = "Good"
    purpose: ClassVar[str] = "Read."

    def draw(self, desk):
        """Draw it."""
        import streamlit as st

        st.write(desk.plain(desk.title))


@register("heavy")
class Heavy(Page):
    """A page that loads a backend."""

    title: ClassVar[str] = "Heavy"
    purpose: ClassVar[str] = "Wait."

    def draw(self, desk):
        """Load it."""
        import sys, types

        sys.modules["tensorflow"] = types.ModuleType("tensorflow")
'''


class Fine(Page):
    """A page."""

    type_name = "fine"
    title = "Fine"
    purpose = "Press."

    def draw(self, desk):
        import streamlit as st

        for id, name in desk.models().items():
            st.write(f"{id} is {name}")
        st.write(desk.ask("Ask", ["kerascnn", "--version"], about=1) or "nothing yet")
        if st.button("Wrong"):
            desk.allowed("/etc/passwd")


class Divides(Fine):
    """A page whose button fails."""

    def draw(self, desk):
        import streamlit as st

        if st.button("Go"):
            st.write(1 / 0)


class Leaves(Fine):
    """A page that ends the process."""

    def draw(self, desk):
        raise SystemExit(3)


class Unknown(Fine):
    """A page with an icon that there is not."""

    icon = ":material/no_such_icon:"


class Shell(Fine):
    """A page whose command is a text."""

    def draw(self, desk):
        desk.ask("Ask", "kerascnn train")


def test_a_page_without_fault_passes_and_a_mistake_of_the_user_is_none(tmp_path):
    drawn = check_page(Fine(), tmp_path)
    assert [one.value for one in drawn.markdown] == ["20260101-000000-00000a is made up", "nothing yet"]


def test_what_a_command_answers_is_shown_and_pressing_is_noted(tmp_path):
    desk = MadeUpDesk(tmp_path, answers={"Ask": "all"})
    assert [one.value for one in check_page(Fine(), tmp_path, desk).markdown] == ["all"]
    assert desk.asked == [("kerascnn", "--version")]


@pytest.mark.parametrize(
    ("page", "words"),
    [
        (
            Divides,
            "draw() after 'Go' was pressed fails with ZeroDivisionError: division by zero (.*test_page_check.py:",
        ),
        (Leaves, "SystemExit 3"),
        (Unknown, "not a valid Material icon"),
        (Shell, "give a list of texts, a Python module first"),
    ],
)
def test_a_page_with_one_fault_is_caught(page, words, tmp_path):
    with pytest.raises(AssertionError) as raised:
        check_page(page(), tmp_path)
    for part in words.split(".*"):
        assert part in str(raised.value)


def test_what_is_no_page_is_caught(tmp_path):
    with pytest.raises(AssertionError, match=r"is no page; derive its class from kerascnn\.spec\.Page"):
        check_page("page", tmp_path)


def test_a_desk_that_is_made_up_reads_its_own_folder_alone(tmp_path):
    desk = MadeUpDesk(tmp_path)
    assert desk.allowed(desk.keep("a.txt", b"a")).read_bytes() == b"a"
    for path in ("/etc/passwd", "../x", "nothing"):
        with pytest.raises(UsageError):
            desk.allowed(path)


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"title": "*Bold*"}, "the title of the page Wrong is"),
        ({"title": ""}, "the title of the page Wrong is ''"),
        ({"group": "a" * 41}, "the group of the page Wrong is"),
        ({"purpose": " "}, "has no purpose"),
        ({"icon": "https://example.org/x.png"}, "the icon of the page Wrong is"),
        ({"__annotations__": {"size": int}, "size": 3}, "has the parameters size"),
    ],
)
def test_what_would_break_the_list_of_pages_is_refused_where_the_class_is_made(facts, words):
    body = {"title": "Right", "purpose": "Look.", "__module__": __name__, **facts}
    with pytest.raises(PluginError, match=words.replace("*", r"\*")):
        type("Wrong", (Page,), body)


def test_the_kit_draws_pages_in_a_process_where_nothing_was_loaded(tmp_path):
    (tmp_path / "mine.py").write_text(PAGES, "utf-8")
    program = "from kerascnn.testing.plugin import main; main('mine')"
    around = {**os.environ, "KERASCNN_PLUGIN_FILES": str(tmp_path / "mine.py"), "PYTHONPATH": str(Path.cwd())}
    done = subprocess.run([sys.executable, "-c", program], env=around, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rows = {(row["name"], row["check"]): row for row in map(json.loads, done.stdout.splitlines())}
    assert rows["page 'mine.good'", "work"]["state"] == "passed", rows["page 'mine.good'", "work"]
    assert "drawing it loads tensorflow; let a command do that work" in rows["page 'mine.heavy'", "work"]["reason"]
