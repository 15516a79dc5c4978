"""The picture of a learning-rate search: the loss over the rate, as an SVG document that loads nothing."""

from __future__ import annotations

import math
from html import escape

from kerascnn.engine.rate_curve import MOST, FoundRate

_WIDTH, _HEIGHT = 860, 520
_LEFT, _RIGHT, _TOP, _BOTTOM = 80, 830, 90, 450
_ROOM = 1.1
"""How far the picture reaches above the losses that matter."""


def draw(found: FoundRate, title: str) -> str:
    """Return the picture: every loss, the smoothed ones as a line, and the suggested rate."""
    said = [f"{escape(title)}: loss over the learning rate", escape(_headline(found))]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" '
        f'height="{_HEIGHT}" font-family="Helvetica, Arial, sans-serif" font-size="13">',
        f"<title>{said[0]}</title>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
        f'<text x="{_LEFT}" y="34" font-size="17" font-weight="bold">{said[0]}</text>',
        f'<text x="{_LEFT}" y="58" fill="#555">{said[1]}</text>',
    ]
    if len(found.rates) > 1:
        parts += _Plot(found).parts()
    return "\n".join([*parts, "</svg>\n"])


def _headline(found: FoundRate) -> str:
    if found.suggestion is None:
        return found.reason.partition(":")[0]
    return f"suggested {found.suggestion:g} (the middle of the fall), steepest descent at {found.steepest:g}"


class _Plot:
    """Axes and curves of losses at two rates or more."""

    def __init__(self, found: FoundRate):
        self.found = found
        self.first, self.last = math.log10(found.rates[0]), math.log10(found.rates[-1])
        # Above those of the beginning a loss says no more than "too high".
        high = max(found.losses[: max(2, len(found.losses) // 2)])
        high, low = min(high, MOST * max(found.smoothed)), min(found.losses)
        self.step = _nice((high - low) / 5 or abs(high) or 1.0)
        self.low = math.floor(low / self.step) * self.step
        self.high = max(self.low + (high - self.low) * _ROOM, self.low + self.step)

    def x(self, rate: float) -> float:
        return _LEFT + (_RIGHT - _LEFT) * (math.log10(rate) - self.first) / (self.last - self.first)

    def y(self, loss: float) -> float:
        # Numbers of a browser have their limits; the clip path takes what is far outside.
        share = max(-9.0, min(9.0, (loss - self.low) / (self.high - self.low)))
        return _BOTTOM - (_BOTTOM - _TOP) * share

    def parts(self) -> list[str]:
        found = self.found
        dots = "".join(
            f'<circle cx="{self.x(rate):.1f}" cy="{self.y(loss):.1f}" r="2"/>'
            for rate, loss in zip(found.rates, found.losses, strict=True)
        )
        points = " ".join(
            f"{self.x(rate):.1f},{self.y(loss):.1f}" for rate, loss in zip(found.rates, found.smoothed, strict=True)
        )
        return [
            f'<clipPath id="inside"><rect x="{_LEFT}" y="{_TOP}" width="{_RIGHT - _LEFT}" '
            f'height="{_BOTTOM - _TOP}"/></clipPath>',
            *self._across(),
            *self._up(),
            f'<g clip-path="url(#inside)"><g fill="#9aa5b1">{dots}</g>'
            f'<polyline points="{points}" fill="none" stroke="#2a78d6" stroke-width="2.5"/></g>',
            *self._suggested(),
        ]

    def _across(self) -> list[str]:
        drawn = [f'<path d="M{_LEFT} {_BOTTOM}H{_RIGHT}" stroke="#333"/>']
        for power in range(math.floor(self.first), math.ceil(self.last) + 1):
            for digit in range(1, 10):
                at = digit * 10.0**power
                # A rate may be off its power of ten by the last bit.
                if not self.found.rates[0] * (1 - 1e-9) <= at <= self.found.rates[-1] * (1 + 1e-9):
                    continue
                long = 7 if digit == 1 else 3
                drawn.append(f'<path d="M{self.x(at):.1f} {_BOTTOM}v{long}" stroke="#333"/>')
                if digit == 1:
                    drawn.append(_text(self.x(at), _BOTTOM + 24, f"{at:.0e}"))
                    drawn.append(f'<path d="M{self.x(at):.1f} {_BOTTOM}V{_TOP}" stroke="#eee"/>')
        return [*drawn, _text((_LEFT + _RIGHT) / 2, _BOTTOM + 52, "learning rate")]

    def _up(self) -> list[str]:
        drawn = [f'<path d="M{_LEFT} {_BOTTOM}V{_TOP}" stroke="#333"/>']
        for i in range(math.floor((self.high - self.low) / self.step + 1e-9) + 1):
            value = self.low + i * self.step
            drawn.append(f'<path d="M{_LEFT} {self.y(value):.1f}h-7" stroke="#333"/>')
            drawn.append(_text(_LEFT - 11, self.y(value) + 4.5, f"{round(value, 12):g}", "end"))
        return [*drawn, f'<g transform="translate(24 {(_TOP + _BOTTOM) / 2}) rotate(-90)">{_text(0, 0, "loss")}</g>']

    def _suggested(self) -> list[str]:
        if self.found.suggestion is None:
            return []
        x = min(max(self.x(self.found.suggestion), _LEFT), _RIGHT)
        side, anchor = (8, "start") if x < (_LEFT + _RIGHT) / 2 else (-8, "end")
        return [
            f'<path d="M{x:.1f} {_TOP}V{_BOTTOM}" stroke="#c2571a" stroke-width="2" stroke-dasharray="6 4"/>',
            f'<text x="{x + side:.1f}" y="{_TOP + 14}" text-anchor="{anchor}" fill="#c2571a" '
            f'font-weight="bold">{self.found.suggestion:g}</text>',
        ]


def _nice(width: float) -> float:
    """Return 1, 2 or 5 times a power of ten, about as much as this."""
    power = 10.0 ** math.floor(math.log10(width))
    return power * min((1, 2, 5, 10), key=lambda digit: abs(math.log(digit * power / width)))


def _text(x: float, y: float, text: str, anchor: str = "middle") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
