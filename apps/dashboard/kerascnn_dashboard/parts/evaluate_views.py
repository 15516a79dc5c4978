"""Views of one evaluation: the confusion matrix with its samples, worst, wrong but sure, classes, slices, residuals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from kerascnn.errors import counted
from kerascnn.evaluation.names import say_name
from kerascnn.runs.failures import page_of
from kerascnn.runs.folder import RunFolder
from kerascnn_dashboard.logic.cells import MANY, cell, judged, matrix, most_confused, residuals
from kerascnn_dashboard.logic.evaluation import say_value
from kerascnn_dashboard.logic.project import Project
from kerascnn_dashboard.parts.evaluate_gallery import gallery
from kerascnn_dashboard.parts.frame import plain
from kerascnn_dashboard.routes import file_address

_NUMBERS = 3
"""Up to how many numbers of one sample are named."""
_TALL = 900
"""Pixels of height for pictures that scroll by themselves."""
_SLICE = ("column", "value", "samples", "low", "high", "gap")


def confusions(project: Project, run: RunFolder, report: Mapping[str, Any]) -> None:
    """Draw the confusion matrix; a click on a cell, or two lists, choose the samples that are shown beneath."""
    labels = [str(label) for label in report["labels"]]
    first = most_confused(report) or (labels[0], labels[0])
    for name, label in zip(("cell_is", "cell_said"), first, strict=True):
        if st.session_state.get(name) not in labels:
            st.session_state[name] = label
    if len(labels) <= MANY:
        st.caption("Rows are what the samples are, columns what was said. Click a cell, or choose below.")
        heat = _heat(report, labels)
        st.altair_chart(heat, key="matrix", on_select=_choose_cell, alt="confusion matrix", width="content")
    else:
        st.caption(f"{len(labels)} classes are too many for one picture; choose a pair.")
    left, right = st.columns(2)
    truth = left.selectbox("Samples that are", labels, key="cell_is")
    said = right.selectbox("and were said to be", labels, key="cell_said")
    found = cell(judged(run, report["split"]), labels, str(truth), str(said))
    right_or_not = "rightly" if truth == said else "wrongly"
    pair = f"of '{plain(str(truth))}' {right_or_not} said to be '{plain(str(said))}'"
    st.markdown(f"**{counted(len(found), 'sample', 'samples')}** {pair}, the surest first.")
    cards = [(row["id"], f"{row['confidence']:.0%} sure") for row in found]
    gallery(project, run, cards, f"cell_{truth}_{said}")


def _choose_cell() -> None:
    """Take over the cell that was clicked."""
    chosen = st.session_state["matrix"].get("selection", {}).get("cell") or []
    if chosen:
        st.session_state["cell_is"], st.session_state["cell_said"] = str(chosen[0]["is"]), str(chosen[0]["said"])


def _heat(report: Mapping[str, Any], labels: Sequence[str]) -> Any:
    """Return the matrix as a chart: right answers blue, wrong ones orange, darker for a larger share of the row."""
    import altair as alt

    side = max(24, min(64, 560 // len(labels)))
    base = alt.Chart(alt.Data(values=matrix(report))).encode(
        x=alt.X("said:N", sort=list(labels), title="said", axis=alt.Axis(orient="top", labelAngle=-40, labelLimit=90)),
        y=alt.Y("is:N", sort=list(labels), title="is", axis=alt.Axis(labelLimit=90)),
    )
    chosen = alt.selection_point(name="cell", fields=["is", "said"], toggle=False, empty=False)
    cells = base.mark_rect(cursor="pointer", stroke="#8884").encode(
        color=alt.condition("datum.right", alt.value("#2a78d6"), alt.value("#d9661f")),
        opacity=alt.Opacity("share:Q", scale=alt.Scale(domain=[0, 1], range=[0.04, 1]), legend=None),
        strokeWidth=alt.condition(chosen, alt.value(3), alt.value(1)),
        tooltip=[alt.Tooltip("is:N"), alt.Tooltip("said:N"), alt.Tooltip("samples:Q"),
                 alt.Tooltip("share:Q", format=".1%", title="share of the row")],
    ).add_params(chosen)  # fmt: skip
    numbers = base.transform_filter("datum.samples > 0").mark_text(fontSize=12).encode(
        text="samples:Q", color=alt.condition("datum.share > 0.5", alt.value("white"), alt.value("#777")),
    )  # fmt: skip
    return (cells + numbers).properties(width=alt.Step(side), height=alt.Step(max(24, side * 2 // 3)))


def worst(project: Project, run: RunFolder, found: Mapping[str, Any]) -> None:
    """Draw the samples that cost most: those with the largest loss, or of numbers the largest error."""
    if found["wrong"] is None:
        st.caption("The largest errors first, in standard deviations of the true numbers.")
    else:
        st.caption("The samples for whose right answer the model left least room, the worst first.")
    cards = [(row["id"], f"is {say(row['truth'])}, said {say(row['said'])}{_cost(row)}") for row in found["worst"]]
    gallery(project, run, cards, "worst")


def worst_pictures(run: RunFolder, split: str, found: Mapping[str, Any]) -> None:
    """Draw the pictures with the worst masks or boxes, what they are beside what was said."""
    if not found["worst"]:
        st.caption("Every mask and every box is as it should be.")
        return
    page, name = page_of(run, split), say_name(found["worst"][0]["figure"])
    if not page.is_file():
        st.warning("The page with the pictures is gone; evaluate the run again.")
        return
    st.caption(f"The pictures with the worst {name}, what they show beside what the model said.")
    st.iframe(file_address(page, show=True), height=_TALL, alt=f"Pictures with the worst {name}")


def sure(project: Project, run: RunFolder, found: Mapping[str, Any]) -> None:
    """Draw the wrong answers of which the model was surest."""
    st.caption("Wrong answers, the surest first: a wrong label, or something that the model has never seen.")
    cards = []
    for row in found["sure"] or ():
        about = f", {row['class']}" if "class" in row else ""
        said = f"is {say(row['truth'])}, said {say(row['said'])}{about}"
        cards.append((row["id"], f"{said} ({row['confidence']:.0%} sure)"))
    gallery(project, run, cards, "sure")


def say(value: Any) -> str:
    """Return a class, several classes, or numbers by their names, as text."""
    if isinstance(value, dict):
        if len(value) == 1:
            return f"{next(iter(value.values())):.4g}"
        first = [f"{name} {number:.4g}" for name, number in list(value.items())[:_NUMBERS]]
        return ", ".join([*first, "..."] if len(value) > _NUMBERS else first)
    return (", ".join(map(str, value)) or "nothing") if isinstance(value, list) else str(value)


def _cost(row: Mapping[str, Any]) -> str:
    if "confidence" in row:
        return f" ({row['confidence']:.0%} sure)"
    return f", {row['error']:.2g} standard deviations off" if "error" in row else ""


def per_class(report: Mapping[str, Any], things: str, of: str = "class") -> None:
    """Draw the figures of each class, or number, with how many there are of what is counted: samples, boxes, pixels."""
    rows = [
        {
            of: row["label"],
            **{_title(name): value for name, value in row.items() if name not in ("label", "support")},
            things: row.get("support"),
        }
        for row in report["per_class"]
    ]
    columns = [name for name in rows[0] if name not in (of, things)]
    numbers = {name: st.column_config.NumberColumn(format="%.3f") for name in columns}
    st.dataframe(rows, column_config=numbers, hide_index=True, alt=f"figures of each {of}")
    st.caption(
        "Precision: how many of those that were said to be of the class are. Recall: how many of the class were found. "
        + ("F1 is between both." if any("f1" in row for row in report["per_class"]) else "")
        if any("precision" in row for row in report["per_class"])
        else ""
    )


def slices(report: Mapping[str, Any]) -> None:
    """Draw the figure by part of the data, the worst first."""
    st.caption("The same figure for parts of the data, by what else is known of the samples. The worst come first.")
    name = next(key for key in report["slices"][0] if key not in _SLICE)
    rows = [
        {
            "part": f"{row['column']}: {row['value']}",
            "samples": row["samples"],
            _title(name): say_value(name, row[name]),
            "95 % interval": f"{say_value(name, row['low'])} to {say_value(name, row['high'])}",
            "gap to the best": say_value(name, row["gap"]),
        }
        for row in report["slices"]
    ]
    st.dataframe(rows, hide_index=True, alt="figures by part of the data")


def errors(run: RunFolder, report: Mapping[str, Any]) -> None:
    """Draw the errors of each number over its true value."""
    import altair as alt

    st.caption("Each dot is a sample: how far the answer is off, over the true value. On the line it is right.")
    labels = [str(label) for label in report["labels"]]
    rows = residuals(run, report["split"], labels)
    chosen = st.selectbox("Number", labels, key="residual_of") if len(labels) > 1 else labels[0]
    points = alt.Chart(alt.Data(values=[row for row in rows if row["number"] == chosen])).mark_circle(opacity=0.7)
    dots = points.encode(
        x=alt.X("truth:Q", title=f"{chosen}, true", scale=alt.Scale(zero=False)),
        y=alt.Y("error:Q", title="answer less truth"),
        tooltip=["id:N", "truth:Q", "answer:Q", "error:Q"],
    )
    zero = alt.Chart(alt.Data(values=[{"y": 0}])).mark_rule(strokeDash=[4, 4]).encode(y="y:Q")
    st.altair_chart((dots + zero).properties(height=340), alt=f"errors of {chosen} over its true values")


def sections(report: Mapping[str, Any]) -> None:
    """Draw what the task has added to the report: texts, tables, lines and pictures."""
    for section in report.get("sections", []):
        st.markdown(f"**{plain(section.get('title', ''))}**")
        if section.get("text"):
            st.markdown(plain(section["text"]))
        if section.get("table"):
            head, rows = section["table"]["head"], section["table"]["rows"]
            told = [dict(zip(head, row, strict=False)) for row in rows]
            st.dataframe(told, hide_index=True, alt=section.get("title"))
        if section.get("lines"):
            _lines(section)
        if section.get("pictures"):
            _pictures(section["pictures"])


def _lines(section: Mapping[str, Any]) -> None:
    import altair as alt

    lines = section["lines"]
    rows = [
        {"x": x, "value": value, "of": name}
        for name, values in lines["y"].items()
        for x, value in zip(lines["x"], values, strict=False)
    ]
    chart = alt.Chart(alt.Data(values=rows)).mark_line().encode(
        x=alt.X("x:Q", title=lines.get("x_name")), y=alt.Y("value:Q", title=None), color=alt.Color("of:N", title=None)
    )  # fmt: skip
    st.altair_chart(chart.properties(height=240), alt=section.get("title"))


def _pictures(pictures: Sequence[Mapping[str, str]]) -> None:
    import base64

    with st.grid(min_column_width=160):
        for picture in pictures[:24]:
            with st.container(border=True):
                st.image(base64.b64decode(picture["png"]), width=160, alt=picture.get("caption", ""))
                st.caption(plain(picture.get("caption", "")))


def _title(name: str) -> str:
    said = say_name(name)
    return said[:1].upper() + said[1:]
