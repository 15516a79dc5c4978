"""The figures of a check, and how many samples each class has."""

from __future__ import annotations

import altair
import streamlit as st

from kerascnn_dashboard.logic.checks import Check, about_source
from kerascnn_dashboard.logic.project import Version

SPLITS = {"train": "training", "validation": "validation", "test": "test"}
_COLORS = ["#1c5ba8", "#7fb3e6", "#f0a030"]
"""For training, validation and test: none of them is red, as nothing is wrong with any."""
_NAMED = 60
"""Classes that have a bar each, at the most."""


def figures(version: Version, found: Check) -> None:
    """Draw the four figures."""
    numbers = about_source(version)[1] in ("values", "forecast")
    with st.container(horizontal=True):
        st.metric("Samples", f"{found.samples:,}", border=True)
        st.metric("Numbers to answer with" if numbers else "Classes", str(len(found.labels)), border=True)
        st.metric("Problems", str(found.problems), border=True, help="Errors and warnings; notes are not counted.")
        sizes = [f"{found.sizes[part]:,}" for part in SPLITS if part in found.sizes]
        st.metric("Training / validation / test", " / ".join(sizes), border=True)
    if found.elements:
        st.caption(_sizes(found))


def _sizes(found: Check) -> str:
    low, high = ([found.elements[side][i] for side in ("width", "height")] for i in (0, 2))
    size = f"{low[0]:g} x {low[1]:g}" if low == high else f"{low[0]:g} x {low[1]:g} to {high[0]:g} x {high[1]:g}"
    formats = ", ".join(f"{count} {name}" for name, count in found.elements["formats"].items())
    return f"Pictures of {size} pixels (width x height); {formats}."


def bars(found: Check) -> None:
    """Draw a bar for each class, divided into the splits."""
    if not found.classes:
        return
    st.subheader("Samples a class", anchor=False)
    sums = {label: sum(parts.values()) for label, parts in found.classes.items()}
    shown = sorted(sums, key=lambda label: -sums[label])[:_NAMED]
    values = [
        {"class": label, "split": SPLITS.get(part, part), "order": i, "samples": count}
        for label in shown
        for i, (part, count) in enumerate(found.classes[label].items())
    ]
    chart = (
        altair.Chart(altair.Data(values=values))
        .mark_bar()
        .encode(
            x=altair.X("samples:Q", title="samples", axis=altair.Axis(format="d", tickMinStep=1)),
            y=altair.Y("class:N", title=None, sort=shown, axis=altair.Axis(labelOverlap=False)),
            color=altair.Color(
                "split:N", title=None, legend=altair.Legend(orient="top"),
                scale=altair.Scale(domain=list(SPLITS.values()), range=_COLORS),
            ),
            order="order:Q",
            tooltip=["class:N", "split:N", "samples:Q"],
        )
    )  # fmt: skip
    said = ", ".join(f"{label} {sums[label]}" for label in shown[:10])
    more = ", ..." if len(shown) > 10 else ""
    # Legend and axis are part of the height.
    st.altair_chart(chart, height=26 * len(shown) + 130, alt=f"Samples a class: {said}{more}")
    if len(sums) > _NAMED:
        st.caption(f"The {_NAMED} largest of {len(sums)} classes.")
