"""How the last import stands: at work, done, failed, or waiting for the user to say how the data is to be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from kerascnn.errors import UsageError
from kerascnn_dashboard.logic import imports
from kerascnn_dashboard.logic.imports import Import
from kerascnn_dashboard.logic.intake import parse
from kerascnn_dashboard.logic.project import Project
from kerascnn_dashboard.logic.source_fields import SourceField, entered, fields
from kerascnn_dashboard.logic.tasks import AboutTask
from kerascnn_dashboard.parts.data_ways import start
from kerascnn_dashboard.parts.frame import as_command, complain, complaining, home, plain


def show_import(project: Project, current: Import, about: AboutTask) -> None:
    """Draw how it stands."""
    if current.state == "running":
        st.fragment(_running, run_every=2)(project)
        return
    name = plain(current.name)
    if current.state == "done":
        _done(project, current, about)
        return
    if current.state == "choose":
        st.warning(f"{name} can be read in more than one way. Choose, and correct what is not right.")
    elif current.state == "stopped":
        st.info(f"Bringing in {name} was stopped; nothing was taken in.")
    else:
        complain(UsageError(f"{current.name} was not brought in: {current.text}"))
        _log(current)
    if current.candidates:
        _choose(project, current, about)
    st.button(
        "Discard" if current.candidates else "All right", key="import_aside", on_click=imports.put_aside,
        args=(project, current),
    )  # fmt: skip


def _running(project: Project) -> None:
    current = imports.last(project)
    if current is None or current.state != "running":
        st.rerun()
        return
    left = current.seconds_left
    more = "" if left is None else f", about {left:.0f} s left" if left < 90 else f", about {left / 60:.0f} min left"
    st.progress(current.done, f"{plain(current.name)}: {plain(current.text)}{more}")
    st.button("Cancel", key="import_cancel", on_click=current.job.stop)
    _log(current)


def _log(current: Import) -> None:
    with st.expander("Log"):
        st.code(current.job.log().strip()[-4000:] or "Nothing was said yet.", language=None, wrap_lines=True)


def _done(project: Project, current: Import, about: AboutTask) -> None:
    facts = current.result.get("facts") or {}
    version = plain(str(current.result["version"]))
    said = f"{facts.get('samples', 0)} samples" + (f" of {facts['classes']} classes" if facts.get("classes") else "")
    st.success(f"{plain(current.name)} was brought in as {version}: {said}.")
    why = next((one["why"] for one in current.candidates if one["source"] == current.result.get("source")), "")
    if why:
        st.caption(plain(why))
    for note in [*(facts.get("notes") or ()), *(facts.get("findings") or ())]:
        st.warning(plain(note))
    as_command(current.job.shell())
    offered = current.candidates
    if len(offered) > 1 or any(fields(one["source"], ()) for one in offered):
        with st.expander("It should be read in another way"):
            _choose(project, current, about)
    st.button("All right", key="import_aside", on_click=imports.put_aside, args=(project, current))


def _choose(project: Project, current: Import, about: AboutTask) -> None:
    """Draw the ways to read the data with their fields, and the button that takes one."""
    offered = current.candidates
    number = 0
    if len(offered) > 1:
        number = st.radio(
            "How is it to be read?", range(len(offered)), key="import_choice",
            format_func=lambda i: plain(str(offered[i]["why"])),
        )  # fmt: skip
    else:
        st.write(plain(str(offered[0]["why"])))
    chosen = offered[min(number, len(offered) - 1)]
    with complaining(), st.form("import_fields"):
        values = _fields(chosen["source"], chosen.get("names") or (), number)
        if st.form_submit_button("Read it like this", type="primary"):
            source = entered(chosen["source"], values)
            parse(home(), source, about.reads, about.target)
            origin = (current.origin or current.job).id
            order = {
                "way": "as", "source": source, "from": current.result.get("from", "folder"), "origin": origin,
                "name": current.result.get("name", ""),
            }  # fmt: skip
            start(project, order, current.name)


def _fields(source: Mapping[str, Any], names: Sequence[str], number: int) -> dict[str, Any]:
    """Draw a source's fields, those that are proposed first; return what they hold."""
    every = fields(source, names)
    first = [one for one in every if one.name in source]
    values = {one.name: _field(one, f"import_{number}_{one.name}") for one in first}
    rest = [one for one in every if one.name not in source]
    if rest:
        with st.expander("More"):
            values |= {one.name: _field(one, f"import_{number}_{one.name}") for one in rest}
    return values


def _field(one: SourceField, key: str) -> Any:
    value = one.value
    if one.kind == "column":
        options = list(one.options)
        index = options.index(value) if value in options else None
        return st.selectbox(one.label, options, index=index, key=key, help=one.help, placeholder="None")
    if one.kind == "columns":
        chosen = [name for name in value or () if name in one.options]
        return st.multiselect(one.label, list(one.options), default=chosen, key=key, help=one.help)
    if one.kind == "choice":
        return st.selectbox(one.label, list(one.options), index=list(one.options).index(value), key=key, help=one.help)
    if one.kind == "switch":
        return st.toggle(one.label, value=bool(value), key=key, help=one.help)
    if one.kind == "whole":
        return int(st.number_input(one.label, value=int(value), step=1, key=key, help=one.help))
    if one.kind == "number":
        return float(st.number_input(one.label, value=float(value), key=key, help=one.help))
    shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value or "")
    return st.text_input(one.label, value=shown, key=key, help=one.help)
