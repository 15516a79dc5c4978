"""The robustness card as HTML: sentences, a small drawing for each corruption, attacks and stability."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

_WIDTH, _HEIGHT, _LEFT, _TOP = 120, 90, 34, 24
"""Of a drawing's field."""

Table = tuple[list[str], list[list[str]]]
"""Head and rows."""


def robustness_parts(found: Mapping[str, Any]) -> str:
    """Return what `robustness.json` says as a piece of a page."""
    drawn = f"{found['samples']} of {found['of']} {found['split']} samples, drawn with seed {found['seed']}."
    if found["samples"] == found["of"]:
        drawn = f"All {found['of']} {found['split']} samples."
    parts = ["<h2>Robustness</h2>", *(_p(text) for text in (found["verdict"], found["worst"]["sentence"]))]
    charts = "".join(corruption_drawing(found, row["corruption"]) for row in found["by_corruption"])
    parts += [
        "<h3>Corruptions</h3>",
        _p("Accuracy over the severity, 0 to 5, with its 95 % interval; the dashed line is that without.", note=True),
        f"<div style='display: flex; flex-wrap: wrap; gap: .5rem 1rem'>{charts}</div>",
        _table(*corruption_rows(found)),
        f"<details><summary>What each severity is</summary>{_table(*severity_rows(found))}</details>",
        "<h3>Attacks</h3>",
        _table(*attack_rows(found)),
        "<h3>Stability under shifts</h3>",
        _p("Share of the samples whose answer stays the same, right or wrong.", note=True),
        _table(*stability_rows(found)),
        *(_p(text, note=True) for text in [drawn, *found["notes"]]),
    ]
    return "".join(parts)


def corruption_rows(found: Mapping[str, Any]) -> Table:
    """Return each corruption as text: its accuracy at the severities, their mean and its interval; all of them last."""
    severities = sorted({row["severity"] for row in found["corruptions"]})
    cells = {(row["corruption"], row["severity"]): f"{row['accuracy']:.4f}" for row in found["corruptions"]}
    head = ["corruption", "as they are", *(f"severity {severity}" for severity in severities), "mean", "95 % interval"]
    clean = f"{found['clean']['accuracy']:.4f}"
    rows = [
        [
            row["corruption"],
            clean,
            *(cells[row["corruption"], severity] for severity in severities),
            f"{row['accuracy']:.4f}",
            _interval(row),
        ]
        for row in found["by_corruption"]
    ]
    mean = found["mean"]
    return head, [*rows, ["all", clean, *("" for _ in severities), f"{mean['accuracy']:.4f}", _interval(mean)]]


def severity_rows(found: Mapping[str, Any]) -> Table:
    """Return each severity of each corruption as text: what it does, the accuracy and its interval."""
    head = ["corruption", "severity", "pictures are", "accuracy", "95 % interval", "as they are"]
    clean = f"{found['clean']['accuracy']:.4f}"
    return head, [
        [row["corruption"], str(row["severity"]), row["about"], f"{row['accuracy']:.4f}", _interval(row), clean]
        for row in found["corruptions"]
    ]


def attack_rows(found: Mapping[str, Any]) -> Table:
    """Return each attack as text: its name, its strength, its steps, the accuracy, its interval, and that without."""
    head = ["attack", "levels of 255", "steps", "accuracy", "95 % interval", "as they are"]
    clean = f"{found['clean']['accuracy']:.4f}"
    return head, [
        [
            row["attack"].upper(),
            str(row["levels"]),
            str(row["steps"]),
            f"{row['accuracy']:.4f}",
            _interval(row),
            clean,
        ]
        for row in found["attacks"]
    ]


def stability_rows(found: Mapping[str, Any]) -> Table:
    """Return each shift as text: its pixels, the share of answers that stay each way, all ways, and its interval."""
    ways = list(found["stability"][0]["ways"]) if found["stability"] else []
    head = ["shift in pixels", *ways, "all ways", "95 % interval"]
    return head, [
        [
            str(row["pixels"]),
            *(f"{row['ways'][way]['same']:.4f}" for way in ways),
            f"{row['same']:.4f}",
            _interval(row),
        ]
        for row in found["stability"]
    ]


def corruption_drawing(found: Mapping[str, Any], name: str) -> str:
    """Return the accuracy over the severities of a corruption as SVG, with its interval, beside that without."""
    rows = [{**found["clean"], "severity": 0}, *(row for row in found["corruptions"] if row["corruption"] == name)]
    last = max(row["severity"] for row in rows)

    def place(row: Mapping[str, Any], key: str) -> str:
        return f"{_LEFT + _WIDTH * row['severity'] / last:.1f},{_TOP + _HEIGHT * (1 - row[key]):.1f}"

    around = " ".join([place(row, "high") for row in rows] + [place(row, "low") for row in reversed(rows)])
    level = _TOP + _HEIGHT * (1 - found["clean"]["accuracy"])
    bottom, right = _TOP + _HEIGHT, _LEFT + _WIDTH
    marks = [
        f"<path d='M{_LEFT} {_TOP}V{bottom}H{right}' fill='none' stroke='currentColor' opacity='.4'/>",
        f"<line x1='{_LEFT}' x2='{right}' y1='{level:.1f}' y2='{level:.1f}' stroke='currentColor' opacity='.5' "
        "stroke-dasharray='4 4'/>",
        f"<polygon points='{around}' fill='var(--mark)' opacity='.2'/>",
        f"<polyline points='{' '.join(place(row, 'accuracy') for row in rows)}' fill='none' stroke='var(--mark)' "
        "stroke-width='2'/>",
        _text(_LEFT, 14, name, "start"),
        _text(_LEFT - 5, _TOP + 8, "1", "end"),
        _text(_LEFT - 5, bottom, "0", "end"),
        _text(_LEFT, bottom + 15, "0", "middle"),
        _text(right, bottom + 15, str(last), "middle"),
    ]
    width, height = right + 10, bottom + 22
    return (
        f"<svg viewBox='0 0 {width} {height}' width='{width}' role='img' "
        f"aria-label='accuracy over the severity of {escape(name)}'>{''.join(marks)}</svg>"
    )


def _interval(row: Mapping[str, Any]) -> str:
    return f"{row['low']:.4f} to {row['high']:.4f}"


def _p(text: str, *, note: bool = False) -> str:
    return f"<p{' class=' + repr('note') if note else ''}>{escape(text)}</p>"


def _text(x: int, y: int, text: str, anchor: str) -> str:
    return f"<text x='{x}' y='{y}' font-size='12' text-anchor='{anchor}' fill='currentColor'>{escape(text)}</text>"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    top = "".join(f"<th>{escape(cell[0].upper() + cell[1:])}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<div class='scroll'><table><tr>{top}</tr>{body}</table></div>"
