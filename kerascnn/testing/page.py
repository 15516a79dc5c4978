"""What holds for pages of the dashboard."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerascnn.errors import UsageError
from kerascnn.spec import Desk, Page, find
from kerascnn.testing.facts import doing, hold, title

if TYPE_CHECKING:
    from streamlit.testing.v1 import AppTest

NEVER = ("keras", "tensorflow", "jax", "torch")
"""What the web server never loads."""
_SECONDS = 60.0


class MadeUpDesk(Desk):
    """The desk of a made-up project, in an empty folder. It stands in for the dashboard, and starts nothing.

    `models` are its runs by id; `answers` what commands print, by the label of their button: others print nothing.
    """

    def __init__(
        self, folder: Path, *, models: Mapping[str, str] | None = None, answers: Mapping[str, Any] | None = None
    ):
        self.project, self.title, self.task = "made-up", "Made up", "image_classification"
        self.runs = folder / "runs"
        self.folder, self._models, self._answers = folder, models or {}, answers or {}
        self.asked: list[tuple[str, ...]] = []
        """The commands whose buttons were pressed."""

    def models(self, *tasks: str) -> Mapping[str, str]:
        """Return the made-up runs, whatever their task."""
        return self._models

    def allowed(self, path: str | Path) -> Path:
        """Return a path in the folder; all others may not be read."""
        found = (self.folder / path).resolve()
        if not found.is_relative_to(self.folder.resolve()) or not found.exists():
            raise UsageError(f"'{path}' may not be read, or is not there")
        return found

    def keep(self, name: str, content: bytes) -> Path:
        """Write a file into the folder."""
        (self.folder / name).write_bytes(content)
        return self.folder / name

    def ask(self, label: str, command: Sequence[str], **about: Any) -> Any:
        """Draw the button, and return what is said to be the answer."""
        import streamlit as st

        hold(
            not isinstance(command, str) and command and all(isinstance(word, str) for word in command),
            f"the command of '{label}' is {command!r}; give a list of texts, a Python module first",
        )
        known = repr(sorted(about.items()))
        if st.button(label, key=f"{label} {known}"):
            self.asked.append(tuple(command))
        return self._answers.get(label)

    def picture(self, path: str | Path, caption: str) -> None:
        """Draw the caption: there are no pictures here."""
        import streamlit as st

        st.caption(self.plain(caption))

    def plain(self, text: object) -> str:
        """Return the text."""
        return str(text)


def check_page(page: Page, folder: Path, desk: Desk | None = None) -> AppTest:
    """Check a page as Streamlit draws it, and return it as drawn last, in `folder`, which is empty.

    It is drawn without a model and with one, of which nothing is asked yet; or at a desk of your own. Each of its
    buttons is pressed once. Nothing is raised, and nothing is loaded that the web server never loads. Raises
    AssertionError. What a page shows when commands have answered, tests of its own say: with `MadeUpDesk(answers=...)`.
    """
    hold(isinstance(page, Page), f"{page!r} is no page; derive its class from kerascnn.spec.Page")
    name, before = title(page), {module for module in NEVER if module in sys.modules}
    one = {"20260101-000000-00000a": "made up"}
    desks = [desk] if desk else [MadeUpDesk(folder), MadeUpDesk(folder, models=one)]
    for each in desks:
        drawn = _drawn(name, page, each)
        for number in range(len(drawn.button)):
            _drawn(name, page, each, press=number)
    loaded = sorted({module for module in NEVER if module in sys.modules} - before)
    hold(
        not loaded,
        f"{name}: drawing it loads {', '.join(loaded)}; let a command do that work, which desk.ask() starts",
    )
    return drawn


def check_page_apart(page: Page) -> None:
    """Check a page in a process of its own, in which nothing was loaded before. Raises AssertionError."""
    done = subprocess.run(
        [sys.executable, "-c", "from kerascnn.testing.page import main; main()", type(page).type_name],
        capture_output=True,
        text=True,
        timeout=10 * _SECONDS,
        check=False,
    )
    # Streamlit prints tracebacks, too.
    said = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"wrong": ')]
    hold(not said, said[0]["wrong"] if said else "")
    last = (done.stderr.strip().splitlines() or ["nothing"])[-1]
    hold(done.returncode == 0, f"{title(page)}: drawing it ends the process: {last}")


def main() -> None:
    """Check the page that the command line names, and print what is wrong with it."""
    from tempfile import TemporaryDirectory

    cls = find("page", sys.argv[1])
    assert cls is not None
    assert issubclass(cls, Page)
    with TemporaryDirectory() as folder:
        try:
            check_page(cls(), Path(folder))
        except AssertionError as error:
            print(json.dumps({"wrong": str(error)}))  # noqa: T201 - for the process that asked


def _drawn(name: str, page: Page, desk: Desk, press: int | None = None) -> AppTest:
    """Return a page as it is drawn, or after one of its buttons was pressed."""
    from streamlit.testing.v1 import AppTest

    def script(page, desk):  # its text is run by itself
        import streamlit as st

        from kerascnn.errors import KerasCnnError

        def show() -> None:
            try:
                page.draw(desk)
            except KerasCnnError as error:
                st.error(str(error))  # as the dashboard does with mistakes of users
            except SystemExit as error:
                raise RuntimeError(f"SystemExit {error}") from error

        entry = st.Page(show, title=page.title, icon=page.icon or None, url_path="page")
        st.navigation([entry]).run()

    what = "draw()"
    with doing(f"{name}: drawing it"):
        drawn = AppTest.from_function(script, default_timeout=_SECONDS, kwargs={"page": page, "desk": desk}).run()
        if press is not None:
            button = drawn.button[press]
            what = f"draw() after '{button.label}' was pressed"
            drawn = button.click().run()
    raised = "; ".join(f"{one.proto.type}: {one.message}{_place(one.stack_trace)}" for one in drawn.exception)
    hold(not raised, f"{name}: {what} fails with {raised}")
    return drawn


def _place(stack: Sequence[str]) -> str:
    """Return where an error was raised, as `" (FILE:LINE)"`."""
    found = re.findall(r'File "(.+?)", line (\d+)', "\n".join(stack))
    return f" ({found[-1][0]}:{found[-1][1]})" if found else ""
