"""Parts of the report that a task has of its own: sentences, tables, lines and pictures, from plain data as HTML."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

_WIDTH, _HEIGHT, _LEFT, _TOP = 420, 200, 50, 16
_COLOURS = ("mark", "second")


def sections_of(report: Mapping[str, Any]) -> str:
    """Return the "sections" of a task's report: what each of them may hold stands at `Task.report`.

    All of it is data: no text becomes markup, and what is no PNG is not shown but said.
    """
    return "".join(_section(section) for section in report.get("sections", []))


def _section(section: Mapping[str, Any]) -> str:
    parts = [f"<h3>{escape(str(section.get('title', '')))}</h3>"]
    if "text" in section:
        parts.append(f"<p>{escape(str(section['text']))}</p>")
    if "lines" in section:
        parts.append(_lines(section["lines"], str(section.get("title", ""))))
    if "table" in section:
        parts.append(_table(section["table"]["head"], section["table"]["rows"]))
    if "pictures" in section:
        shown = "".join(_picture(one) for one in section["pictures"])
        parts.append(f"<div style='display: flex; flex-wrap: wrap; gap: .5rem'>{shown}</div>")
    return "".join(parts)


def _table(head: Sequence[Any], rows: Sequence[Sequence[Any]]) -> str:
    top = "".join(f"<th>{escape(str(cell))}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(_said(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<div class='scroll'><table><tr>{top}</tr>{body}</table></div>"


def _said(cell: Any) -> str:
    return f"{cell:.4g}" if isinstance(cell, float) else "-" if cell is None else str(cell)


def _picture(one: Mapping[str, Any]) -> str:
    text, caption = str(one.get("png", "")), escape(str(one.get("caption", "")))
    try:
        whole = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        whole = b""
    if not whole.startswith(b"\x89PNG\r\n\x1a\n"):
        return f"<p class='note'>A picture that is no PNG is left out ({caption}).</p>"
    image = f"<img alt='{caption}' src='data:image/png;base64,{text}' style='image-rendering: pixelated'>"
    return f"<figure>{image}<figcaption>{caption}</figcaption></figure>"


def _lines(lines: Mapping[str, Any], title: str) -> str:
    """Return lines over one axis as SVG; places where a line has no number are left out."""
    x, rows = [float(value) for value in lines["x"]], dict(lines["y"])
    known = [float(value) for row in rows.values() for value in row if _is_number(value)]
    if not x or not known:
        return "<p class='note'>There is nothing to draw.</p>"
    (left, across), (low, tall) = _range(x), _range(known)
    bottom, right = _TOP + _HEIGHT, _LEFT + _WIDTH
    drawn = [
        f"<path d='M{_LEFT} {_TOP}V{bottom}H{right}' fill='none' stroke='currentColor' opacity='.4'/>",
        _text(_LEFT - 6, _TOP + 10, f"{low + tall:.3g}", "end"),
        _text(_LEFT - 6, bottom, f"{low:.3g}", "end"),
        _text(_LEFT, bottom + 18, f"{left:.3g}", "start"),
        _text(right, bottom + 18, f"{left + across:.3g}", "end"),
        _text((_LEFT + right) // 2, bottom + 18, str(lines.get("x_name", "")), "middle"),
    ]
    for i, (name, row) in enumerate(rows.items()):
        colour = f"var(--{_COLOURS[i % len(_COLOURS)]})"
        dashes = " stroke-dasharray='5 4'" if i >= len(_COLOURS) else ""
        points = " ".join(
            f"{_LEFT + _WIDTH * (a - left) / across:.1f},{bottom - _HEIGHT * (float(b) - low) / tall:.1f}"
            for a, b in zip(x, row, strict=False)
            if _is_number(b)
        )
        drawn.append(f"<polyline points='{points}' fill='none' stroke='{colour}' stroke-width='2'{dashes}/>")
        drawn.append(_text(right + 8, _TOP + 12 + 18 * i, str(name), "start", colour))
    width = right + 140
    return (
        f"<figure><svg viewBox='0 0 {width} {bottom + 26}' width='{width}' role='img' aria-label='{escape(title)}'>"
        f"{''.join(drawn)}</svg></figure>"
    )


def _range(values: Sequence[float]) -> tuple[float, float]:
    """Return the smallest number and how far the others reach, 1 where they do not."""
    low, high = min(values), max(values)
    return low, (high - low) or 1.0


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _text(x: int, y: int, text: str, anchor: str, colour: str = "currentColor") -> str:
    return f"<text x='{x}' y='{y}' font-size='12' text-anchor='{anchor}' fill='{colour}'>{escape(text)}</text>"
