"""The drawing of a diagram: a column of blocks from top to bottom, branches side by side."""

from __future__ import annotations

import html
from dataclasses import dataclass

from kerascnn.engine.diagram import Diagram, said

_CHARACTER, _LINE = 7, 16
"""Width of a character and height of a line, in pixels."""
_GAP, _MARGIN, _LANE = 28, 24, 14
_FILL = {"model": "#f4f4f2", "backbone": "#e3eefb", "head": "#fdecd8"}
_STROKE = {"model": "#8a8a85", "backbone": "#3b74b5", "head": "#b8741f"}


@dataclass(frozen=True)
class _Box:
    left: float
    top: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        return self.left + self.width / 2

    @property
    def bottom(self) -> float:
        return self.top + self.height


def svg(found: Diagram) -> str:
    """Return the drawing as an SVG document, which looks the same everywhere: it loads nothing."""
    ranks = _ranks(found)
    boxes = _boxes(found, ranks)
    right = max(box.left + box.width for box in boxes.values())
    arrows, lanes = [], _lanes(found, ranks)
    for start, end in found.edges:
        lane = lanes.get((start, end))
        arrows.append(_arrow(boxes[start], boxes[end], None if lane is None else right + _GAP + _LANE * lane))
    width = right + _MARGIN + (_GAP + _LANE * (max(lanes.values()) + 1) if lanes else 0)
    height = max(box.bottom for box in boxes.values()) + _MARGIN
    shapes = [_drawn(boxes[key], said(block), block.part) for key, block in found.blocks.items()]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
            f'height="{height:g}" font-family="Helvetica, Arial, sans-serif" font-size="12">',
            f"<title>{html.escape(found.title)}</title>",
            '<defs><marker id="end" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
            '<path d="M0 0 8 4 0 8z" fill="#555"/></marker></defs>',
            f'<rect width="{width:g}" height="{height:g}" fill="#fff"/>',
            f'<text x="{_MARGIN}" y="{_MARGIN}" font-size="15" font-weight="bold">{html.escape(found.title)}</text>',
            *arrows,
            *shapes,
            "</svg>\n",
        ]
    )


def _ranks(found: Diagram) -> dict[str, int]:
    """Return the row of each block: below all those that feed it."""
    feeders: dict[str, list[str]] = {key: [] for key in found.blocks}
    for start, end in found.edges:
        feeders[end].append(start)
    ranks: dict[str, int] = {}
    for key in found.blocks:  # feeders come first
        ranks[key] = max((ranks[start] + 1 for start in feeders[key]), default=0)
    return ranks


def _boxes(found: Diagram, ranks: dict[str, int]) -> dict[str, _Box]:
    rows: list[list[str]] = [[] for _ in range(max(ranks.values()) + 1)]
    for key, rank in ranks.items():
        rows[rank].append(key)
    # What leads far away leaves at the right.
    far = {start for start, end in found.edges if ranks[end] - ranks[start] > 1}
    rows = [sorted(row, key=lambda key: key in far) for row in rows]
    sizes = {
        key: (16 + _CHARACTER * max(map(len, said(block))), 12 + _LINE * len(said(block)))
        for key, block in found.blocks.items()
    }
    widths = [sum(sizes[key][0] for key in row) + _GAP * (len(row) - 1) for row in rows]
    boxes: dict[str, _Box] = {}
    top = _MARGIN + 16.0
    for row, width in zip(rows, widths, strict=True):
        left = _MARGIN + (max(widths) - width) / 2
        for key in row:
            boxes[key] = _Box(left, top, *sizes[key])
            left += sizes[key][0] + _GAP
        top += max(sizes[key][1] for key in row) + _GAP
    return boxes


def _lanes(found: Diagram, ranks: dict[str, int]) -> dict[tuple[str, str], int]:
    """Return for each edge that passes rows by a lane at the right, inside ones first; none overlap."""
    taken: list[list[tuple[int, int]]] = []
    lanes: dict[tuple[str, str], int] = {}
    far = [edge for edge in found.edges if ranks[edge[1]] - ranks[edge[0]] > 1]
    for start, end in sorted(far, key=lambda edge: ranks[edge[1]] - ranks[edge[0]]):
        low, high = ranks[start], ranks[end]
        lane = next((i for i, used in enumerate(taken) if all(high <= a or b <= low for a, b in used)), len(taken))
        if lane == len(taken):
            taken.append([])
        taken[lane].append((low, high))
        lanes[start, end] = lane
    return lanes


def _arrow(start: _Box, end: _Box, lane: float | None) -> str:
    if lane is None:
        middle = (start.bottom + end.top) / 2
        way = f"M{start.middle:g} {start.bottom:g}V{middle:g}H{end.middle:g}V{end.top:g}"
    else:
        # Out at the right side, down the lane, and in at the right side.
        out, into = start.top + start.height / 2, end.top + end.height / 2
        way = f"M{start.left + start.width:g} {out:g}H{lane:g}V{into:g}H{end.left + end.width:g}"
    return f'<path d="{way}" fill="none" stroke="#555" marker-end="url(#end)"/>'


def _drawn(box: _Box, lines: list[str], part: str) -> str:
    weights = ("bold", "normal")
    text = "".join(
        f'<text x="{box.middle:g}" y="{box.top + 2 + _LINE * (i + 1):g}" text-anchor="middle" '
        f'font-weight="{weights[i > 0]}">{html.escape(line)}</text>'
        for i, line in enumerate(lines)
    )
    return (
        f'<g><rect x="{box.left:g}" y="{box.top:g}" width="{box.width:g}" height="{box.height:g}" rx="5" '
        f'fill="{_FILL[part]}" stroke="{_STROKE[part]}"/>{text}</g>'
    )
