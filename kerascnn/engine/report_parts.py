"""Parts of a run's report for one split, as HTML: figures, slices, calibration, coverage, ranges and residuals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from kerascnn.errors import UsageError
from kerascnn.evaluation.names import interval_of, say_name
from kerascnn.runs.answers import read_answers
from kerascnn.runs.folder import RunFolder

_SLICE = ("column", "value", "samples", "low", "high", "gap")
_POINTS = 1000
"""How many residuals are drawn of each number."""
_LEFT, _TOP, _SIDE = 60, 28, 240
"""Where a drawing's field starts, and how long its sides are."""


def parts_of(run: RunFolder, split: str, report: Mapping[str, Any]) -> str:
    """Return everything that this module has for a split's report, in the order in which it is to be read."""
    parts = [figures_table(report), notes(report), slices_table(report), calibration_parts(report)]
    parts += [coverage_parts(report), range_parts(report), residual_parts(run, split, report)]
    return "".join(parts)


def figures_table(report: Mapping[str, Any]) -> str:
    """Return the table of the figures, each with its 95 % interval and what the trivial baseline gets."""
    return _table(["Metric", "Value", "95 % interval", "Baseline"], figure_rows(report), "scroll figures")


def figure_rows(report: Mapping[str, Any]) -> list[list[str]]:
    """Return each figure as text: its name, its value, its interval, and the baseline's value."""
    metrics, rows = report["metrics"], []
    for name, value in metrics.items():
        if name.endswith(("_low", "_high")):
            continue
        bounds = interval_of(report, name)
        floor = report.get("floor", {}).get(name)
        interval = "" if bounds is None else f"{bounds[0]:.4f} to {bounds[1]:.4f}"
        rows.append([say_name(name), f"{value:.4f}", interval, "" if floor is None else f"{floor:.4f}"])
    return rows


def notes(report: Mapping[str, Any]) -> str:
    """Return the sentences of an evaluation."""
    return "".join(f"<p class='note'>{escape(note)}</p>" for note in report.get("notes", []))


def slices_table(report: Mapping[str, Any]) -> str:
    """Return the slices, the worst first."""
    if not report.get("slices"):
        return ""
    head = [name[0].upper() + name[1:] for name in slice_head(report)]
    return f"<h3>Slices</h3>{_table(head, slice_rows(report), 'scroll figures')}"


def slice_head(report: Mapping[str, Any]) -> list[str]:
    """Return the head of the table of slices."""
    return ["slice", "samples", say_name(_figure_of(report)), "95 % interval", "gap to the best"]


def slice_rows(report: Mapping[str, Any]) -> list[list[str]]:
    """Return each slice as text: what it is, its samples, its figure, the interval, and the gap to the best one."""
    name = _figure_of(report)
    return [
        [
            f"{row['column']}: {row['value']}",
            str(row["samples"]),
            f"{row[name]:.4f}",
            f"{row['low']:.4f} to {row['high']:.4f}",
            f"{row['gap']:.4f}",
        ]
        for row in report["slices"]
    ]


def _figure_of(report: Mapping[str, Any]) -> str:
    return next(key for key in report["slices"][0] if key not in _SLICE)


def calibration_parts(report: Mapping[str, Any]) -> str:
    """Return the reliability curve with its figures: on the diagonal, answers are as often right as they are sure."""
    found = report.get("calibration")
    if not found:
        return ""
    largest = max(row["samples"] for row in found["bins"])
    bars = "".join(
        f"<rect x='{_LEFT + _SIDE * row['low']:.1f}' y='{_TOP + _SIDE * (1 - 0.25 * row['samples'] / largest):.1f}' "
        f"width='{_SIDE * (row['high'] - row['low']):.1f}' height='{_SIDE * 0.25 * row['samples'] / largest:.1f}' "
        "fill='currentColor' opacity='.15'/>"
        for row in found["bins"]
    )
    points = [(row["confidence"], row["right"]) for row in found["bins"]]
    drawing = _drawing(
        [_diagonal(), bars, _line(points), *(_dot(x, y, 3) for x, y in points)],
        "how sure answers are against how often they are right",
        ("confidence", "right"),
        ("0", "1", "0", "1"),
    )
    temperature = report.get("temperature", 1.0)
    state = "not calibrated" if temperature == 1 else f"at temperature {temperature:.3g}"
    said = (
        f"Expected calibration error {found['ece']:.4f}, largest {found['mce']:.4f}, Brier score {found['brier']:.4f}, "
        f"log loss {found['nll']:.4f}; {state}. The grey bars say how many samples there are."
    )
    return f"<h3>Calibration</h3>{drawing}<p class='note'>{said}</p>"


def coverage_parts(report: Mapping[str, Any]) -> str:
    """Return the error of what is answered over the share that is answered, and what the stored threshold comes to."""
    curve = report.get("coverage", {}).get("curve")
    if not curve:
        return ""
    if not any(point["error"] for point in curve):
        return "<h3>Where it may be unsure</h3><p class='note'>No answer is wrong, however unsure it is.</p>"
    top = max(point["error"] for point in curve)
    points = [(point["coverage"], point["error"] / top) for point in curve]
    marks = [_line(points)]
    unsure, sentences = report.get("unsure"), []
    if unsure and unsure["error"] is not None:
        marks.append(_dot(unsure["coverage"], min(unsure["error"] / top, 1.0), 5, "second"))
        sentences.append(
            f"Sure from {unsure['threshold']:.4f} on (the dot): {unsure['coverage']:.1%} of the samples, "
            f"{unsure['error']:.2%} of them wrong."
        )
    sets = report.get("sets")
    if sets:
        sentences.append(
            f"Sets of {sets['mean_size']:.2f} classes on average hold the right one in {sets['coverage']:.1%} "
            f"(asked for: {sets['wished_coverage']:.1%})."
        )
    drawing = _drawing(
        marks, "error against coverage", ("share of samples that is answered", "error"), ("0", "1", "0", f"{top:.3g}")
    )
    said = "".join(f"<p class='note'>{sentence}</p>" for sentence in sentences)
    return f"<h3>Where it may be unsure</h3>{drawing}{said}"


def range_parts(report: Mapping[str, Any]) -> str:
    """Return how often the ranges about the numbers hold the true ones, and how wide they are."""
    found = report.get("ranges")
    if not found:
        return ""
    rows = [[row["label"], f"{row['coverage']:.1%}", f"{row['width']:.4g}"] for row in found["by_number"]]
    said = (
        f"The ranges hold {found['coverage']:.1%} of the numbers (asked for: {found['wished_coverage']:.1%}); they are "
        f"{found['mean_width']:.4g} wide on average."
    )
    return f"<h3>Ranges</h3><p class='note'>{said}</p>{_table(['Number', 'Inside', 'Width'], rows)}"


def residual_parts(run: RunFolder, split: str, report: Mapping[str, Any]) -> str:
    """Return a plot of the errors over the true values for each number, from the kept answers; "" without them."""
    if "mae" not in report["metrics"]:
        return ""
    try:
        kept = read_answers(run, split)
    except UsageError:
        return ""
    labels = report["labels"]
    truth = np.asarray(kept.truth, "float64")[:, : len(labels)]
    drawn = [residual_plot(label, truth[:, i], kept.answers[:, i]) for i, label in enumerate(labels[:12])]
    more = len(labels) - 12
    said = f"<p class='note'>{more} more numbers are not drawn.</p>" if more > 0 else ""
    return f"<h3>Residuals</h3>{''.join(drawn)}{said}"


def residual_plot(label: str, truth: np.ndarray, answers: np.ndarray) -> str:
    """Return the errors of one number, answer minus truth, over its true values; a thousand samples at most."""
    chosen = np.linspace(0, len(truth) - 1, min(len(truth), _POINTS)).astype(int)
    x, y = np.asarray(truth, "float64")[chosen], np.asarray(answers, "float64")[chosen] - truth[chosen]
    low, high, most = float(x.min()), float(x.max()), float(np.abs(y).max()) or 1.0
    across = (x - low) / ((high - low) or 1.0)
    zero = f"<line x1='{_LEFT}' x2='{_LEFT + _SIDE}' y1='{_TOP + _SIDE / 2}' y2='{_TOP + _SIDE / 2}' {_FAINT}/>"
    dots = [_dot(float(a), float(b), 2) for a, b in zip(across, 0.5 + y / most / 2, strict=True)]
    ends = (f"{low:.3g}", f"{high:.3g}", f"{-most:.3g}", f"{most:.3g}")
    return _drawing([zero, *dots], f"errors of {label}", (label, "answer minus truth"), ends)


_FAINT = "stroke='currentColor' opacity='.4'"


def _drawing(marks: Sequence[str], title: str, axes: tuple[str, str], ends: tuple[str, str, str, str]) -> str:
    """Return a square field with marks, the names of both axes, and what stands at their ends."""
    right, bottom = _LEFT + _SIDE, _TOP + _SIDE
    frame = f"<path d='M{_LEFT} {_TOP}V{bottom}H{right}' fill='none' {_FAINT}/>"
    text = [
        _text(_LEFT, bottom + 16, ends[0], "middle"),
        _text(right, bottom + 16, ends[1], "middle"),
        _text(_LEFT - 6, bottom, ends[2], "end"),
        _text(_LEFT - 6, _TOP + 10, ends[3], "end"),
        _text(_LEFT + _SIDE // 2, bottom + 32, axes[0], "middle"),
        _text(_LEFT, _TOP - 12, axes[1], "start"),
    ]
    return (
        f"<figure><svg viewBox='0 0 360 {bottom + 40}' width='360' role='img' aria-label='{escape(title)}'>"
        f"{frame}{''.join(marks)}{''.join(text)}</svg></figure>"
    )


def _diagonal() -> str:
    return f"<line x1='{_LEFT}' y1='{_TOP + _SIDE}' x2='{_LEFT + _SIDE}' y2='{_TOP}' {_FAINT} stroke-dasharray='4 4'/>"


def _line(points: Sequence[tuple[float, float]]) -> str:
    """Return a line through points of the field, 0 to 1 both ways."""
    placed = " ".join(f"{_LEFT + _SIDE * x:.1f},{_TOP + _SIDE * (1 - y):.1f}" for x, y in points)
    return f"<polyline points='{placed}' fill='none' stroke='var(--mark)' stroke-width='2'/>"


def _dot(x: float, y: float, radius: int, colour: str = "mark") -> str:
    place = f"cx='{_LEFT + _SIDE * x:.1f}' cy='{_TOP + _SIDE * (1 - y):.1f}'"
    return f"<circle {place} r='{radius}' fill='var(--{colour})' opacity='.8'/>"


def _text(x: int, y: int, text: str, anchor: str) -> str:
    return f"<text x='{x}' y='{y}' font-size='12' text-anchor='{anchor}' fill='currentColor'>{escape(text)}</text>"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], kind: str = "scroll") -> str:
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<div class='{kind}'><table><tr>{top}</tr>{body}</table></div>"
