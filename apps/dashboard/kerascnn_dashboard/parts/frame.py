"""What every page begins and ends with: the project, the sentence on what the page is for, the step that comes next."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import streamlit as st

from kerascnn.errors import KerasCnnError, SpecError
from kerascnn_dashboard.logic.home import Home
from kerascnn_dashboard.logic.jobs import new_id, shell
from kerascnn_dashboard.logic.project import Project
from kerascnn_dashboard.server import HOME

PAGES = {
    "home": "Home", "data": "Data", "check": "Check", "train": "Train", "evaluate": "Evaluate", "predict": "Predict",
    "report": "Report", "runs": "Runs", "plugins": "Plugins", "settings": "Settings",
}  # fmt: skip


def home() -> Home:
    """Return the home folder that the server was started with."""
    return Home(os.environ[HOME])


def user() -> str:
    """Return who works, as the login says; "" without one."""
    known = st.user.to_dict()
    return str(known.get("email") or known.get("name") or known.get("user") or "")[:80]


def page(title: str, purpose: str) -> None:
    """Draw a page's title, and the sentence that says what it is for."""
    st.title(title, anchor=False)
    st.caption(purpose)


def project() -> Project:
    """Return the project that the address names. Where there is none say so, offer the way home, and end the page."""
    name = str(st.session_state.get("project") or st.query_params.get("project", ""))
    if not name:
        st.info("No project is open. Open one on the page Home, or try the demo there.")
        go("home", "Go to Home", primary=True)
        st.stop()
    try:
        return home().project(name)
    except KerasCnnError as error:
        complain(error)
        go("home", "Go to Home", primary=True)
        st.stop()


def others() -> list[Project]:
    """Return every project that can be read: their trainings share the devices."""
    return [one for one in home().projects() if isinstance(one, Project)]


def go(screen: str, label: str, *, primary: bool = False, key: str = "", disabled: bool = False, **query: str) -> None:
    """Draw the button that leads to another page, of the same project unless `query` says otherwise."""
    if st.button(label, key=key or f"go_{screen}", type="primary" if primary else "secondary", disabled=disabled):
        open_page(screen, **query)


def open_page(screen: str, **query: str) -> None:
    """Open another page now."""
    name = query.pop("project", "") or str(st.session_state.get("project") or st.query_params.get("project", ""))
    if name:
        st.session_state["project"] = name
    st.switch_page(f"screens/{screen}.py", query_params={**({"project": name} if name else {}), **query})


def complain(error: KerasCnnError) -> None:
    """Show an error: what was wrong, where, and what to do. Text of users is never read as Markdown or HTML."""
    if isinstance(error, SpecError):
        shown = [f"{issue}\n{issue.frame()}".rstrip() for issue in error.issues]
        st.error(f"{len(shown)} mistake{'s' if len(shown) != 1 else ''} in the spec")
        st.code("\n\n".join(shown), language=None, wrap_lines=True)
        return
    first, _, rest = str(error).partition("\n")
    st.error(plain(first[:1].upper() + first[1:]))
    if rest.strip():
        st.code(rest, language=None, wrap_lines=True)


@contextmanager
def complaining() -> Iterator[None]:
    """Show what goes wrong inside as a sentence, and go on with the page."""
    try:
        yield
    except KerasCnnError as error:
        complain(error)


def plain(text: object) -> str:
    """Return a text so that Markdown shows it as it is.

    >>> plain("cat_*1*.jpg")
    'cat\\\\_\\\\*1\\\\*.jpg'
    """
    return "".join(f"\\{char}" if char in "\\`*_{}[]()<>#+-.!|~$:&" else char for char in str(text))


def as_command(command: Sequence[str] | str, *, yaml: str = "") -> None:
    """Draw the drawer that shows what the page does as a command, and as a spec."""
    with st.expander("Show as command"):
        st.code(command if isinstance(command, str) else shell(command), language="bash", wrap_lines=True)
        if yaml:
            st.caption("spec.yaml")
            st.code(yaml, language="yaml")


def nonce(name: str) -> str:
    """Return the id that a button on this page gives to what it starts: the same until `spend` is called.

    It is drawn with the button, so that six clicks start one thing.
    """
    return str(st.session_state.setdefault(f"nonce_{name}", new_id()))


def spend(name: str) -> None:
    """Let the next thing that a button starts have another id: called where the first was seen to have started."""
    st.session_state.pop(f"nonce_{name}", None)
