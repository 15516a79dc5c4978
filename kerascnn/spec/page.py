"""Pages that plugins add to the dashboard, and what such a page may use of it."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from kerascnn.errors import PluginError
from kerascnn.spec.component import Component

_TITLE = re.compile(r"[^\W_](?:[\w ,'-]{0,38}[^\W_])?")
_ICON = re.compile(r"(?::material/[a-z0-9_]+:)?")


class Desk(ABC):
    """What a page gets from the dashboard: the project that is open, and a way to start commands beside it.

    Its methods that draw do so where they are called, between what the page draws with Streamlit itself.
    """

    project: str
    """The name of the project, as it stands in addresses."""
    title: str
    """What its users call it."""
    task: str
    """The name of its task component."""
    runs: Path
    """The folder of its runs, for `--runs` of a command. What is in it is read, and not changed."""

    @abstractmethod
    def models(self, *tasks: str) -> Mapping[str, str]:
        """Return the runs that have a model, those of these tasks alone where some are named: what each is called, by
        its id, the last one first."""

    @abstractmethod
    def allowed(self, path: str | Path) -> Path:
        """Return a path, resolved. Raises UsageError where it is not there, or lies where the dashboard may not read.

        Every path that somebody typed goes through this.
        """

    @abstractmethod
    def keep(self, name: str, content: bytes) -> Path:
        """Write down what somebody uploaded, up to 50 MiB, and return the file. Its name is made safe; the same content
        is the same file. Raises UsageError for what is too large, ResourceError where it cannot be written."""

    @abstractmethod
    def ask(self, label: str, command: Sequence[str], **about: Any) -> Any:
        """Draw the button `label` that starts a command, and return the JSON that it printed; None until it has.

        The command is a Python module and its arguments, such as `("kerascnn", "failures", run, "--runs",
        str(desk.runs), "--json")`. It has a process of its own, works in an empty folder of its own that is kept, and
        goes on when the browser is closed. `about` is what it is known by: asked again about the same, what it printed
        is there at once. While it runs, and where it fails, that is drawn, with a way to stop it or to try again.
        """

    @abstractmethod
    def picture(self, path: str | Path, caption: str) -> None:
        """Draw a small version of a picture; where it cannot be read, why. The caption is plain text."""

    @abstractmethod
    def plain(self, text: object) -> str:
        """Return a text of users or files such that Streamlit's Markdown shows it as it is."""


class Page(Component):
    """A page of the dashboard. No spec holds one: the dashboard lists those of installed plugins beside its own.

    It has no parameters. Title and purpose are drawn for it. It runs inside the web server: what needs Keras is a
    command that `Desk.ask` starts. Where it raises, it says so in its place, and the other pages go on.
    """

    kind: ClassVar[str] = "page"
    title: ClassVar[str]
    """What it is called in the list: a word or two."""
    purpose: ClassVar[str]
    """The sentence under the title: what somebody can do here."""
    group: ClassVar[str] = "More"
    """The heading that it is listed under: "Work" and "Keep" are the dashboard's own."""
    icon: ClassVar[str] = ""
    """A sign before the title, `:material/NAME:` of Google's Material Symbols; "" for none."""

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        """Refuse what would break the list of pages. Raises PluginError, which sets the plugin aside."""
        for name in ("title", "group"):
            if not _TITLE.fullmatch(str(getattr(cls, name, "More"))):
                raise PluginError(
                    f"the {name} of the page {cls.__qualname__} is {getattr(cls, name)!r}; use up to 40 letters, "
                    "digits and spaces, such as 'Search'"
                )
        if not str(getattr(cls, "purpose", "It is said.")).strip():
            raise PluginError(f"the page {cls.__qualname__} has no purpose; say in a sentence what it is for")
        if not _ICON.fullmatch(cls.icon):
            raise PluginError(
                f"the icon of the page {cls.__qualname__} is {cls.icon!r}; use ':material/search:' or the like"
            )
        if cls.model_fields:
            raise PluginError(
                f"the page {cls.__qualname__} has the parameters {', '.join(cls.model_fields)}; no spec could give them"
            )

    @abstractmethod
    def draw(self, desk: Desk) -> None:
        """Draw the page with Streamlit, which is imported in here; it is called anew at each click.

        Keys of widgets begin with the plugin's name. Mistakes of users are KerasCnnErrors.
        """
