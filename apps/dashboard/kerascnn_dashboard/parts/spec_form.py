"""A spec as a form, and as YAML: two views of one text, which is all that they hold."""

from __future__ import annotations

from typing import Any

import streamlit as st

from kerascnn.errors import KerasCnnError, SpecError
from kerascnn_dashboard.logic.form_edit import Step, apply
from kerascnn_dashboard.logic.schema_form import GROUPS, at_fields, form, groups, of_component, problems
from kerascnn_dashboard.logic.spec_field import Field
from kerascnn_dashboard.logic.yaml_nodes import flow
from kerascnn_dashboard.parts.form_fields import Form
from kerascnn_dashboard.parts.frame import complain, plain

_IN_NO_SPEC = ("explainer", "exporter", "page")
"""Kinds that the command line and this dashboard use, and no spec."""


def spec_form(text: str, key: str) -> str:
    """Draw the form of a spec, and return the text with what was changed in it: comments and order are kept.

    What the returned text says may be wrong: the validator's words stand at the fields. Whoever calls this keeps the
    text, and gives it back at the next run; the form itself remembers nothing of it.
    """
    text = _after_steps(text, key)
    try:
        root = form(text)
    except SpecError as error:
        complain(error)
        st.caption("A form cannot be drawn of this text. Mend it as YAML.")
        return text
    wrong = at_fields(root, problems(text))
    parts = groups(root)
    chosen = st.segmented_control(
        "Part of the spec",
        GROUPS,
        default=GROUPS[0],
        required=True,
        key=f"{key}:part",
        persist_state="session",
        format_func=lambda name: _with_count(name, _mistakes(parts[name], wrong)),
    )
    for path in ["", *(one.path for one in root.children if one.kind == "constant")]:
        if path in wrong:
            st.error(plain(wrong[path]))
    drawn = Form(key, wrong)
    for one in parts[str(chosen)]:
        if one.kind == "section":
            drawn.error(one)
            drawn.fields(one.children)
        else:
            drawn.fields([one])
    return text


def spec_editor(text: str, key: str) -> str:
    """Draw a spec's text to be written in, with what is wrong with it under it; return the text as it is now."""
    box = f"{key}:text"
    edited = f"{key}:edited"

    def keep() -> None:
        st.session_state[edited] = st.session_state[box]

    text = st.session_state.pop(edited, text)
    st.session_state[box] = text
    st.text_area("Spec as YAML", key=box, height=520, on_change=keep)
    try:
        wrong = _errors(text)
    except SpecError as error:
        complain(error)
    else:
        if not wrong:
            st.caption("No mistakes found.")
    _to_copy(key)
    return text


def _errors(text: str) -> bool:
    from kerascnn.spec.load import parse_spec

    parse_spec(text)
    return False


def _after_steps(text: str, key: str) -> str:
    """Return the text after what was done in the form since the last run."""
    steps: list[Step] = st.session_state.pop(f"{key}:steps", [])
    for step in steps:
        try:
            text = apply(text, step)
        except KerasCnnError as error:
            complain(error)
    return text


def _mistakes(fields: list[Field], wrong: dict[str, str]) -> int:
    return sum(one.path in wrong for field in fields for one in field.walk())


def _with_count(name: str, count: int) -> str:
    return f"{name} :red-badge[{count} wrong]" if count else name


def _to_copy(key: str) -> None:
    """Draw the installed components of a kind, and one of them with its fields, to be copied into the text."""
    from kerascnn.spec.component import components
    from kerascnn.spec.kinds import KINDS

    drawer = st.expander("Components that are installed, to copy from", key=f"{key}:components", on_change="rerun")
    if not drawer.open:
        return
    with drawer:
        kinds = [kind for kind in KINDS if kind not in _IN_NO_SPEC]
        kind = str(st.selectbox("Kind", kinds, key=f"{key}:kind", index=kinds.index("layer")))
        found = components(kind)
        if not found:
            st.caption("None of this kind is installed.")
            return
        name = str(st.selectbox("Component", list(found), key=f"{key}:component_{kind}"))
        st.caption(plain((found[name].__doc__ or "").strip().partition("\n")[0]))
        fields: dict[str, Any] = {"type": name}
        fields |= {one.name: one.default for one in of_component(kind, name) if one.default is not None}
        needed = [one.name for one in of_component(kind, name) if one.required]
        st.code(flow(fields | dict.fromkeys(needed, "...")), language="yaml", wrap_lines=True)
        st.caption(f"All of this kind: {plain(', '.join(found))}")
