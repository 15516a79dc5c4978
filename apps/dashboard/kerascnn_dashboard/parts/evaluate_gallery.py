"""Samples in small, twelve a page, with where the answers come from on demand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import streamlit as st

from kerascnn.errors import KerasCnnError
from kerascnn.runs.folder import RunFolder
from kerascnn_dashboard.logic.explaining import Explained, explain, explained
from kerascnn_dashboard.logic.pictures import SIDE, thumbnail
from kerascnn_dashboard.logic.project import Project
from kerascnn_dashboard.logic.samples import Shown, shown
from kerascnn_dashboard.parts.evaluate_job import ended_badly, follow, tries, try_again
from kerascnn_dashboard.parts.frame import complain, home, plain

WHERE = "where"
"""The key of the switch that shows what spoke for the answers; the page draws it once."""
PAGE = 12
WIDTH = 160
_WIDE = 300
_LOOKING = "To look where the answers come from"


def gallery(project: Project, run: RunFolder, cards: Sequence[tuple[str, str]], key: str) -> None:
    """Draw samples, each with a sentence beneath it: `(name, sentence)`."""
    if not cards:
        st.caption("None.")
        return
    pages = -(-len(cards) // PAGE)
    page = 1
    if pages > 1:
        page = min(st.pagination(pages, key=f"page_{key}"), pages)
    now = cards[PAGE * (page - 1) : PAGE * page]
    looks = look_at(run, [name for name, _ in now], [name for name, _ in cards])
    maps = _maps(project, run, [one.file for one in looks.values()], key) if st.session_state.get(WHERE) else {}
    with st.grid(min_column_width=_WIDE if maps or _is_wide(looks) else WIDTH):
        for name, sentence in now:
            with st.container(border=True):
                draw(looks.get(name) or Shown(name, "", reason="cannot be shown"), maps)
                st.caption(f"{plain(sentence)}  \n{plain(name)}")


def look_at(run: RunFolder, names: Sequence[str], more: Sequence[str] = ()) -> dict[str, Shown]:
    """Return what samples look like; where their source cannot be read the reason is said once."""
    try:
        with st.spinner("Reading the samples ..."):
            return shown(home(), run, names, more)
    except KerasCnnError as error:
        complain(error)
        return {}


def draw(one: Shown, maps: Mapping[str, Explained] | None = None) -> None:
    """Draw one sample in small, with the map over it where there is one."""
    found = (maps or {}).get(one.file)
    about = f"{one.id}, labelled {one.label}" if one.label else one.id
    if one.reason:
        st.warning(plain(one.reason))
    elif found is not None and found.picture:
        _map(found, about)
    elif found is not None and found.words:
        st.markdown(" ".join(_word(word, weight) for word, weight in found.words))
    elif one.picture:
        st.image(one.picture, width=WIDTH, alt=about)
    elif one.text:
        st.markdown(plain(one.text))
    elif one.curve:
        _curve(one, about)
    elif one.medium == "audio":
        st.audio(one.file, alt=about)
    else:
        st.caption("Nothing to be shown.")


def _map(found: Explained, about: str) -> None:
    try:
        small = thumbnail(home(), Path(found.picture))
    except KerasCnnError as error:
        complain(error)
        return
    st.image(str(small), width=SIDE, alt=f"{about}: what spoke for {found.label}")
    st.caption(f"What spoke for {plain(found.label)}")


def _word(word: str, weight: float) -> str:
    if weight >= 0.6:
        return f":orange-background[{plain(word)}]"
    return f":gray-background[{plain(word)}]" if weight >= 0.3 else plain(word)


def _curve(one: Shown, about: str) -> None:
    import altair as alt

    chart = (
        alt.Chart(alt.Data(values=list(one.curve)))
        .mark_line()
        .encode(
            x=alt.X("step:Q", title=None),
            y=alt.Y("value:Q", title=None, scale=alt.Scale(zero=False)),
            color=alt.Color("channel:N", legend=None),
        )
        .properties(height=90)
    )
    st.altair_chart(chart, alt=f"curve of {about}")


def _is_wide(looks: Mapping[str, Shown]) -> bool:
    return any(one.medium not in ("", "image") for one in looks.values())


def _maps(project: Project, run: RunFolder, files: Sequence[str], key: str) -> dict[str, Explained]:
    """Return the maps that there are; where some are missing, the job that makes them is shown."""
    try:
        job = explain(home(), project, run, files, tries("explain"))
        if job is not None and job.state() == "running":
            follow(job, "Looking where the answers come from; the first time takes about 10 seconds.", key)
        elif job is not None and job.state() != "done" and ended_badly(job, _LOOKING, f"explain_again_{key}"):
            try_again("explain")
        return explained(project, run)
    except KerasCnnError as error:
        complain(error)
        return {}
