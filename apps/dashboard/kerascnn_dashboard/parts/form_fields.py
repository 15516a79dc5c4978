"""Draws the fields of a spec. Boxes show what the text says; a change is a step that the next run does to the text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from kerascnn.errors import UsageError
from kerascnn_dashboard.logic.form_edit import LEFT_OUT, called, hint, read, said, shown, step_of, summary
from kerascnn_dashboard.logic.spec_field import Field, begin
from kerascnn_dashboard.parts.frame import plain

_WIDE = frozenset({"section", "component", "sections", "components", "lists"})


class Form:
    """Draws fields under one key. `wrong` is what the validator says, by path."""

    def __init__(self, key: str, wrong: Mapping[str, str]):
        self._key = key
        self._wrong = wrong

    def fields(self, fields: Sequence[Field]) -> None:
        """Draw fields in their order: small ones two in a row."""
        row: list[Field] = []
        for one in fields:
            wide = one.kind in _WIDE or (one.active is not None and one.active.kind in _WIDE)
            if one.kind == "constant":
                continue
            if not wide:
                row.append(one)
            if row and (wide or len(row) == 2):
                self._row(row)
                row = []
            if wide:
                self._wide(one)
        if row:
            self._row(row)

    def error(self, one: Field) -> None:
        """Draw what the validator says of a field, if anything."""
        for sentence in self._wrong.get(one.path, "").splitlines():
            st.error(plain(sentence))

    def _row(self, row: Sequence[Field]) -> None:
        for one, column in zip(row, st.columns(2), strict=False):
            with column:
                self._small(one)

    def _small(self, one: Field) -> None:
        if one.kind == "either":
            self._either(one)
        else:
            self._box(one, one.label)
        self._under(one)

    def _under(self, one: Field) -> None:
        if bad := self._unread(one):
            st.error(plain(bad[1]))
        self.error(one)
        self._reset(one)

    def _reset(self, one: Field) -> None:
        if one.changed:
            old = said(one.default)
            st.button(
                "Leave out" if one.default is None else f"Reset to {plain(old)}" if old else "Reset",
                key=self._id(one.path, "reset"),
                type="tertiary",
                icon=":material/undo:",
                help=f"{plain(one.label)} was changed." + (f" Its default is: {plain(old)}" if old else ""),
                on_click=self._do,
                args=("clear", one.path, None),
            )

    # Boxes

    def _box(self, one: Field, label: str) -> None:
        """Draw the box of a single value."""
        box = self._id(one.path, one.kind)
        about: dict[str, Any] = {"key": box, "help": _code(hint(one)) or None, "on_change": self._changed}
        about["args"] = (one, box)
        empty = LEFT_OUT if one.nullable else "needed" if one.required else None
        if not one.fits or one.kind in ("numbers", "mapping", "yaml") or (one.kind == "text" and not one.choices):
            bad = self._unread(one)
            st.session_state[box] = bad[0] if bad else shown(one)
            st.text_input(label, placeholder=empty, **about)
        elif one.kind in ("number", "whole"):
            whole = one.kind == "whole"
            st.session_state[box] = one.value if one.value is None else int(one.value) if whole else float(one.value)
            step: Any = 1 if whole else step_of(one.value)
            st.number_input(label, value=None, step=step, format="%d" if whole else "%g", placeholder=empty, **about)
        elif one.kind == "switch":
            st.session_state[box] = bool(one.value)
            st.toggle(label, **about)
        elif one.kind in ("texts", "choices"):
            words = [str(word) for word in one.value or []]
            st.session_state[box] = words
            options = list(dict.fromkeys([*map(str, one.choices), *words]))
            new = one.kind == "texts" and not one.choices
            st.multiselect(label, options, accept_new_options=new, placeholder=empty or "none", **about)
        else:
            self._select(one, label, about)

    def _select(self, one: Field, label: str, about: Mapping[str, Any]) -> None:
        options = [*one.choices, *([] if one.value is None or one.value in one.choices else [one.value])]
        if one.nullable or one.value is None:
            options = [None, *options]
        st.session_state[about["key"]] = one.value
        st.selectbox(label, options, format_func=lambda value: LEFT_OUT if value is None else str(value), **about)

    def _either(self, one: Field) -> None:
        """Draw the choice of what the value is, and the box for it."""
        box, active = self._id(one.path, "either"), one.active
        if not one.fits:
            self._box(one, one.label)
            return
        names = [called(other) for other in one.others]
        at = next((i for i, other in enumerate(one.others) if other is active), None)
        st.session_state[box] = at
        inside = active if active is not None and active.kind not in ("word", "section") else None
        first, *second = st.columns(2) if inside else [st.container()]
        first.selectbox(
            one.label,
            [None, *range(len(names))] if at is None or one.nullable else range(len(names)),
            format_func=lambda i: LEFT_OUT if i is None else names[i],
            key=box,
            help=_code(hint(one)),
            on_change=self._switched,
            args=(one, box),
        )
        if inside is not None:
            with second[0]:
                self._box(inside, f"{one.label}: {called(inside)}")
        if active is not None and active.kind == "section":
            with st.container(border=True):
                self.fields(active.children)

    # What holds fields

    def _wide(self, one: Field) -> None:
        if one.kind == "either":
            self._either(one)
            self._under(one)
        elif one.kind == "component":
            self._component(one)
        elif one.kind == "section":
            self._section(one)
        else:
            self._list(one)

    def _section(self, one: Field) -> None:
        wrong = any(inner.path in self._wrong for inner in one.walk())
        marks = " :red-badge[wrong]" if wrong else " :gray-badge[changed]" if one.changed else ""
        with st.expander(
            f"{plain(one.label)}{marks}", expanded=wrong or one.changed, key=self._id(one.path, "section")
        ):
            st.caption(_code(one.help))
            self.error(one)
            if one.nullable:
                box = self._id(one.path, "on")
                st.session_state[box] = one.value is not None
                st.toggle(f"Use {plain(one.label.lower())}", key=box, on_change=self._turned, args=(one, box))
            self.fields(one.children if one.value is not None or not one.nullable else ())

    def _component(self, one: Field) -> None:
        with st.container(border=True, key=self._id(one.path, "component")):
            self._type(one, one.label)
            self._under(one)
            self.fields(one.children)

    def _type(self, one: Field, label: str) -> None:
        """Draw the choice of a component, and what the chosen one is."""
        box = self._id(one.path, "type")
        options = [*one.choices, *([] if not one.type or one.type in one.choices else [one.type])]
        if one.nullable or not one.type:
            options = ["", *options]
        st.session_state[box] = one.type
        st.selectbox(
            label,
            options,
            format_func=lambda name: name or LEFT_OUT,
            key=box,
            help=_code(hint(one)) or None,
            on_change=self._chosen,
            args=(one, box),
        )
        if one.about:
            st.caption(_code(one.about))

    def _list(self, one: Field) -> None:
        with st.container(border=True, key=self._id(one.path, "list")):
            st.markdown(f"**{plain(one.label)}**", help=_code(hint(one)) or None)
            self.error(one)
            if not one.children:
                st.caption("None so far.")
            for at, item in enumerate(one.children):
                self._item(one, item, at)
            self._new(one)
            self._reset(one)

    def _item(self, around: Field, item: Field, at: int) -> None:
        wrong = sum(inner.path in self._wrong for inner in item.walk())
        mark = f" :red-badge[{wrong} wrong]" if wrong else ""
        name = self._id(item.path, "open")
        is_open = st.session_state.get(name, len(around.children) == 1 or bool(wrong))
        with st.container(border=True, key=self._id(item.path, "item")):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f"{at + 1}\\. {plain(summary(item))}{mark}", width="stretch")
                with st.container(horizontal=True, width="content"):
                    first, last = at == 0, at + 1 == len(around.children)
                    self._button("Close" if is_open else "Edit", item, "edit", self._open, (name, not is_open))
                    self._button("Up", item, "up", self._moved, (around, item, at, at - 1), disabled=first)
                    self._button("Down", item, "down", self._moved, (around, item, at, at + 1), disabled=last)
                    self._button("Remove", item, "remove", self._removed, (around, item))
            if is_open:
                self._inside(item)

    def _inside(self, item: Field) -> None:
        if item.kind == "components":
            self._list(item)
            return
        if item.kind == "component":
            self._type(item, "Type")
        self.error(item)
        self.fields(item.children)

    def _new(self, one: Field) -> None:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            value: Any = ""
            if one.kind == "components":
                value = st.selectbox(
                    f"New one for {one.label.lower()}", one.choices, key=self._id(one.path, "new"), width="stretch"
                )
            self._button("Add", one, "add", self._added, (one, value), disabled=value is None)

    def _button(self, label: str, one: Field, name: str, do: Any, args: Any, disabled: bool = False) -> None:
        st.button(label, key=self._id(one.path, name), type="tertiary", on_click=do, args=args, disabled=disabled)

    # What was done

    def _id(self, path: str, what: str) -> str:
        return f"{self._key}:{path}:{what}"

    def _unread(self, one: Field) -> tuple[str, str, str] | None:
        """Return what was typed and could not be read, with the reason; None where the text has changed since."""
        bad = st.session_state.get(self._id(one.path, "bad"))
        return bad if bad and bad[2] == shown(one) else None

    def _do(self, what: str, path: str, value: Any) -> None:
        st.session_state.pop(self._id(path, "bad"), None)
        st.session_state.setdefault(f"{self._key}:steps", []).append((what, path, value))

    def _changed(self, one: Field, box: str) -> None:
        value = st.session_state[box]
        if isinstance(value, str) and one.kind not in ("choice", "word") and not (one.kind == "text" and one.choices):
            try:
                value = None if not value.strip() and (one.nullable or one.required) else read(one, value)
            except UsageError as error:
                st.session_state[self._id(one.path, "bad")] = (value, str(error), shown(one))
                return
        self._do("clear" if value is None else "set", one.path, value)

    def _chosen(self, one: Field, box: str) -> None:
        self._do("choose", one.path, st.session_state[box])

    def _switched(self, one: Field, box: str) -> None:
        at = st.session_state[box]
        self._do("clear" if at is None else "set", one.path, None if at is None else begin(one.others[at]))

    def _turned(self, one: Field, box: str) -> None:
        self._do("set" if st.session_state[box] else "clear", one.path, begin(one))

    def _open(self, name: str, is_open: bool) -> None:
        st.session_state[name] = is_open

    def _added(self, one: Field, value: Any) -> None:
        st.session_state[self._id(f"{one.path}.{len(one.children)}", "open")] = True
        self._do("add", one.path, value)

    def _moved(self, around: Field, item: Field, at: int, to: int) -> None:
        here, there = self._id(item.path, "open"), self._id(around.children[to].path, "open")
        state = st.session_state
        state[here], state[there] = state.get(there, False), state.get(here, False)
        self._do("move", item.path, to)

    def _removed(self, around: Field, item: Field) -> None:
        for one in around.children:
            st.session_state.pop(self._id(one.path, "open"), None)
        self._do("remove", item.path, None)


def _code(text: str) -> str:
    """Return a text of a docstring for Markdown: `words` in quotes of code stay code, all else is as it is."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return plain(text)
    return "`".join(part if i % 2 else plain(part) for i, part in enumerate(parts))
