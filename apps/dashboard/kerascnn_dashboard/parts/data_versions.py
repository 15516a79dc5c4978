"""The versions of a project's data."""

from __future__ import annotations

import time
from collections.abc import Sequence

import streamlit as st

from kerascnn_dashboard.logic.imports import changes
from kerascnn_dashboard.logic.project import Project, Version
from kerascnn_dashboard.parts.frame import plain


def show_versions(project: Project, versions: Sequence[Version]) -> None:
    """Draw the newest version with its figures, what changed, and the table of all."""
    newest = versions[-1]
    st.subheader(f"Data {newest.name}, the newest", anchor=False)
    st.write(plain(newest.about))
    counts = newest.facts.get("counts") or {}
    with st.container(horizontal=True):
        if newest.facts.get("samples") is not None:
            st.metric("Samples", f"{newest.facts['samples']:,}")
        if newest.facts.get("classes"):
            st.metric("Classes", f"{newest.facts['classes']:,}")
        if counts:
            smallest = min(counts, key=lambda name: counts[name])
            st.metric("Fewest of a class", f"{counts[smallest]:,}", help=f"Of {plain(smallest)}.")
    told = changes(versions)
    if told:
        st.caption(f"Since {versions[-2].name}: {plain('; '.join(told))}.")
    if counts:
        with st.expander("Samples of each class"):
            st.dataframe(
                {"Class": list(counts), "Samples": list(counts.values())}, hide_index=True, key="data_counts",
                column_config={"Samples": st.column_config.ProgressColumn(
                    format="%d", min_value=0, max_value=max(1, *counts.values()))},
            )  # fmt: skip
    st.dataframe(
        [
            {
                "Version": one.name, "Made": time.strftime("%Y-%m-%d %H:%M", time.localtime(one.made)),
                "Came as": one.way, "Samples": one.facts.get("samples"), "Classes": one.facts.get("classes") or None,
                "About": one.about, "By": one.by,
            }
            for one in reversed(versions)
        ],
        hide_index=True, key="data_versions",
    )  # fmt: skip
    with st.expander("Where it lies"):
        st.json(dict(newest.data))
