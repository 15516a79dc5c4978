"""The page of a sweep: one HTML file that opens from the disk, with no request to anywhere."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from kerascnn.engine.report import _STYLE, _table
from kerascnn.spec.search import Parameter
from kerascnn.spec.sweep import Sweep

_WIDTH, _LEFT, _RIGHT = 560, 16, 544
"""Of a drawing: narrow enough to be read where a telephone shrinks it."""
_ROW = 74
"""Pixels from one axis to the next."""
_PLOT = 180
"""Height of the field of the figure over the trials."""
_TICKS = 6
_MORE_STYLE = """
svg { overflow: visible; } td { white-space: nowrap; } .trial path { fill: none; }
.over text { paint-order: stroke; stroke: Canvas; stroke-width: 4px; stroke-linejoin: round; pointer-events: none; }
.trial:hover path { stroke-width: 5; stroke-opacity: 1; } .trial .wide { stroke: transparent; stroke-width: 12; }
.trial:hover .wide { stroke: transparent; stroke-width: 12; }
"""
_STATES = {
    "complete": "done",
    "pruned": "ended early",
    "fail": "failed",
    "running": "not at an end",
    "waiting": "waiting",
}

Row = Mapping[str, Any]
"""A trial, as `Searching.rows` has it."""


def sweep_page(
    sweep: Sweep, rows: Sequence[Row], importances: Mapping[str, float], monitor: str, *, upwards: bool
) -> str:
    """Return the page of a sweep's trials, given with the best one first; `upwards` says that more is better."""
    title = f"{sweep.name}: {len(rows)} trials"
    known = [row for row in rows if row[monitor] is not None]
    parts = [f"<h1>{escape(title)}</h1>", f"<p>{escape(_opening(sweep, rows, monitor))}</p>"]
    if known:
        better = "more" if upwards else "less"
        parts += [
            "<h2>Trials</h2>",
            f"<p class='note'>A line is a trial, through its values and the {escape(monitor)} that it came to "
            f"({better} is better). The better it is the stronger is its line; the best one has another colour, those "
            "that were ended early are dashed.</p>",
            _coordinates(sweep, known, monitor),
            f"<h2>Best {escape(monitor)} so far</h2>",
            _course(known, monitor, upwards=upwards),
        ]
    if importances:
        parts += [
            "<h2>What mattered</h2>",
            f"<p class='note'>How much of the differences of {escape(monitor)} each path explains (functional ANOVA), "
            "in all 1; of so few trials a rough guess.</p>",
            _bars(importances),
        ]
    if rows:
        head = ["trial", "state", monitor, *sweep.parameters, "job"]
        cells = [
            [
                str(row["trial"] + 1),
                _STATES.get(row["state"], row["state"]),
                "" if row[monitor] is None else f"{row[monitor]:.6g}",
                *(said(row["values"][path]) if path in row["values"] else "" for path in sweep.parameters),
                row["job"],
            ]
            for row in rows
        ]
        parts += ["<h2>All trials, the best first</h2>", _table(head, cells)]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}{_MORE_STYLE}</style></head><body>{''.join(parts)}"
        "</body></html>\n"
    )


def said(value: Any) -> str:
    """Return a value of a spec in few characters.

    >>> said(0.00123456), said([16, 32]), said("relu"), said([{"type": "sgd", "momentum": 0.9}])
    ('0.001235', '[16, 32]', 'relu', 'sgd momentum 0.9')
    """
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and "type" in value:
        rest = [f"{key} {said(item)}" for key, item in value.items() if key != "type"]
        return " ".join([str(value["type"]), *rest])
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return ", ".join(map(said, value))
    return f"{value:.4g}" if isinstance(value, float) else json.dumps(value, ensure_ascii=False)


def _opening(sweep: Sweep, rows: Sequence[Row], monitor: str) -> str:
    counts = Counter(_STATES.get(row["state"], row["state"]) for row in rows)
    states = ", ".join(f"{count} {state}" for state, count in counts.items()) or "none yet"
    text = f"Trials of {sweep.spec}: {states}. Sampler {sweep.sampler}, pruner {sweep.pruner}, seed {sweep.seed}. "
    best = next((row for row in rows if row["state"] == "complete"), None)
    if best is None:
        return f"{text}No trial is done."
    values = ", ".join(f"{path} {said(value)}" for path, value in best["values"].items())
    return f"{text}The best is trial {best['trial'] + 1} with {monitor} {best[monitor]:.4g}: {values}."


class _Axis:
    """Where values stand on a line from 0 to 1, and what is written under it."""

    def __init__(self, parameter: Parameter):
        self.values = None if parameter.values is None else [json.dumps(one) for one in parameter.values]
        self.names = [] if parameter.values is None else [said(one) for one in parameter.values]
        self.low, self.high, self.log = parameter.low or 0, parameter.high or 0, parameter.log
        self.whole = parameter.whole

    def at(self, value: Any) -> float:
        """Return the place of a value."""
        if self.values is not None:
            return (self.values.index(json.dumps(value)) + 0.5) / len(self.values)
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return float((value - self.low) / (self.high - self.low))

    def ticks(self) -> list[tuple[float, str]]:
        """Return some places with their names."""
        if self.values is None:
            middle = math.sqrt(self.low * self.high) if self.log else (self.low + self.high) / 2
            middle = round(middle) if self.whole else middle
            return [(self.at(value), f"{value:.4g}") for value in dict.fromkeys((self.low, middle, self.high))]
        every = math.ceil(len(self.names) / _TICKS)
        longest = max(4, 60 // min(len(self.names), _TICKS))
        return [
            ((i + 0.5) / len(self.names), _short(name, longest)) for i, name in enumerate(self.names) if i % every == 0
        ]


def _coordinates(sweep: Sweep, rows: Sequence[Row], monitor: str) -> str:
    """Return the lines of the trials over an axis for each path, one below the other, and one for the figure."""
    axes = {path: _Axis(one) for path, one in sweep.parameters.items()}
    figures = [row[monitor] for row in rows]
    low, span = min(figures), (max(figures) - min(figures)) or 1.0
    drawn = []
    best = next((row for row in rows if row["state"] == "complete"), None)
    for rank, row in reversed(list(enumerate(rows))):  # the best on top
        places = [axis.at(row["values"][path]) for path, axis in axes.items() if path in row["values"]]
        if len(places) < len(axes):
            continue
        places.append((row[monitor] - low) / span)
        way = "M" + "L".join(f"{_x(place):.1f} {_y(i)}" for i, place in enumerate(places))
        strength = 0.75 - 0.6 * rank / max(len(rows) - 1, 1)
        look = f"stroke='var(--mark)' stroke-width='2' stroke-opacity='{strength:.2f}'"
        if row is best:
            look = "stroke='var(--second)' stroke-width='3.5'"
        elif row["state"] == "pruned":
            look += " stroke-dasharray='5 4'"
        drawn.append(
            f"<g class='trial'><title>{escape(_whole(row, monitor))}</title><path class='wide' d='{way}'/>"
            f"<path d='{way}' {look}/></g>"
        )
    over = [line for i, (path, axis) in enumerate(axes.items()) for line in _line(i, path, axis.ticks())]
    over += _line(len(axes), monitor, [(0.0, f"{low:.4g}"), (1.0, f"{low + span:.4g}")])
    drawn.append(f"<g class='over'>{''.join(over)}</g>")
    height = _y(len(axes)) + 34
    return _svg(height, f"values and {monitor} of the trials", drawn)


def _line(i: int, name: str, ticks: Sequence[tuple[float, str]]) -> list[str]:
    y = _y(i)
    drawn = [
        _text(_LEFT, y - 12, _short(name, 72, end=True), "start"),
        f"<path d='M{_LEFT} {y}H{_RIGHT}' stroke='currentColor' opacity='.4'/>",
    ]
    for place, text in ticks:
        anchor = "start" if place < 0.05 else "end" if place > 0.95 else "middle"
        drawn.append(f"<path d='M{_x(place):.1f} {y}v5' stroke='currentColor' opacity='.4'/>")
        drawn.append(_text(_x(place), y + 19, text, anchor))
    return drawn


def _course(rows: Sequence[Row], monitor: str, *, upwards: bool) -> str:
    """Return the figure of each trial in the order in which they began, and the best one up to there as a line."""
    ordered = sorted(rows, key=lambda row: row["trial"])
    figures = [row[monitor] for row in ordered]
    low, span = min(figures), (max(figures) - min(figures)) or 1.0
    last, top, left = max(ordered[-1]["trial"], 1), 20, 70

    def place(trial: int, value: float) -> tuple[str, str]:
        return f"{left + (_RIGHT - left) * trial / last:.1f}", f"{top + _PLOT * (1 - (value - low) / span):.1f}"

    steps, best = "", None
    dots = []
    for row in ordered:
        value = row[monitor]
        x, y = place(row["trial"], value)
        if row["state"] == "complete":
            better = best is None or (value > best if upwards else value < best)
            best = value if better else best
            steps += f"M{x} {y}" if not steps else f"H{x}V{y}" if better else ""
        fill = "var(--mark)" if row["state"] == "complete" else "none"
        dots.append(
            f"<circle cx='{x}' cy='{y}' r='4.5' fill='{fill}' stroke='var(--mark)'>"
            f"<title>{escape(_whole(row, monitor))}</title></circle>"
        )
    drawn = [
        f"<path d='M{left} {top}V{top + _PLOT}H{_RIGHT}' fill='none' stroke='currentColor' opacity='.4'/>",
        _text(left - 8, top + 10, f"{low + span:.4g}", "end"),
        _text(left - 8, top + _PLOT, f"{low:.4g}", "end"),
        _text(left, top + _PLOT + 20, "trial 1", "start"),
        _text(_RIGHT, top + _PLOT + 20, str(last + 1), "end"),
        f"<path d='{steps}H{_RIGHT}' fill='none' stroke='var(--second)' stroke-width='2'/>" if steps else "",
        *dots,
    ]
    return _svg(top + _PLOT + 30, f"{monitor} over the trials", drawn)


def _bars(importances: Mapping[str, float]) -> str:
    drawn = []
    for i, (path, share) in enumerate(sorted(importances.items(), key=lambda item: -item[1])):
        y = 44 * i
        drawn += [
            _text(_LEFT, y + 16, f"{_short(path, 64, end=True)}  {share:.0%}", "start"),
            f"<rect x='{_LEFT}' y='{y + 22}' width='{max(1.0, (_RIGHT - _LEFT) * share):.1f}' height='12' "
            f"fill='var(--mark)'><title>{escape(path)} {share:.3f}</title></rect>",
        ]
    return _svg(44 * len(importances), "how much each path had to do with it", drawn)


def _whole(row: Row, monitor: str) -> str:
    values = ", ".join(f"{path} {said(value)}" for path, value in row["values"].items())
    return (
        f"trial {row['trial'] + 1}, {_STATES.get(row['state'], row['state'])}: {monitor} {row[monitor]:.6g}; {values}"
    )


def _x(place: float) -> float:
    return _LEFT + (_RIGHT - _LEFT) * place


def _y(i: int) -> int:
    return 34 + _ROW * i


def _svg(height: int, label: str, drawn: Sequence[str]) -> str:
    return (
        f"<figure><svg viewBox='0 0 {_WIDTH} {height}' width='{_WIDTH}' role='img' aria-label='{escape(label)}'>"
        f"{''.join(drawn)}</svg></figure>"
    )


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f"<text x='{x:.1f}' y='{y}' font-size='14' text-anchor='{anchor}' fill='currentColor'>{escape(text)}</text>"


def _short(text: str, most: int, *, end: bool = False) -> str:
    """Return a text of so many characters at most; of a path its end is kept."""
    if len(text) <= most:
        return text
    return f"...{text[3 - most :]}" if end else f"{text[: most - 3]}..."
