"""A figure of an answer as SVG: polylines made of numbers, and text that is escaped."""

from __future__ import annotations

import math
from html import escape

from goingdeep.errors import printable
from goingdeep.record.answer import Curve, Figure
from goingdeep.show.chart import Axis
from goingdeep.show.numbers import as_float, number

WIDTH, HEIGHT, LEFT, EDGE, LINE = 640, 220, 70, 16, 18
COLOURS = ("#4477aa", "#ee6677", "#228833", "#aa7700", "#aa3377", "#008888", "#666666", "#774499")
DASHES = ("", "6 3", "2 3", "8 3 2 3", "1 2", "10 4", "4 2 1 2", "3 6")
"""A curve is told by its dashes too, never by colour alone."""


def figure_svg(figure: Figure) -> str:
    """The curves, their axis, and which is which; what is not finite is marked `!` on top."""
    finite = [v for curve in figure.curves for v in _finite(curve)]
    if not finite:
        return "<p>no value of it is finite</p>"
    axis = Axis.over(finite, log=figure.log)
    lines = "".join(_line(i, curve, axis) for i, curve in enumerate(figure.curves))
    low, high = (axis.label(row, 2) for row in (0, 1))
    ends = figure.xs or (1.0, float(max(len(curve.values) for curve in figure.curves)))
    base = HEIGHT - EDGE
    words = [
        _text(LEFT - 8, EDGE + 4, high, "end"),
        _text(LEFT - 8, base, low, "end"),
        _text(LEFT - 8, HEIGHT // 2, figure.y + " (log)" * figure.log, "end"),
        _text(LEFT, base + LINE, number(ends[0])),
        _text(WIDTH - EDGE, base + LINE, f"{figure.x} {number(ends[-1])}", "end"),
    ]
    for i, curve in enumerate(figure.curves):
        y = base + LINE * (i + 2)
        words.append(_stroke(i, f"{LEFT},{y - 4} {LEFT + 40},{y - 4}"))
        words.append(_text(LEFT + 50, y, curve.name))
    height = base + LINE * (len(figure.curves) + 2)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" role="img" '
        f'viewBox="0 0 {WIDTH} {height}"><rect width="{WIDTH}" height="{height}" fill="#ffffff"/>'
        f"<title>{escape(printable(figure.title))}</title>{lines}{''.join(words)}</svg>"
    )


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    return (
        f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" font-size="12" fill="#222222" '
        f'font-family="sans-serif">{escape(printable(text))}</text>'
    )


def _finite(curve: Curve) -> list[float]:
    found = [as_float(v) for v in curve.values if v is not None]
    return [v for v in found if v is not None and math.isfinite(v)]


def _line(i: int, curve: Curve, axis: Axis) -> str:
    """Its points, in pieces: a value that is not finite is a gap, and is marked at the top."""
    pieces: list[list[str]] = [[]]
    marks = ""
    span = max(1, len(curve.values) - 1)
    for x, written in enumerate(curve.values):
        value = None if written is None else as_float(written)
        place = LEFT + (WIDTH - LEFT - EDGE) * x / span
        if value is None or not math.isfinite(value):
            pieces.append([])
            if value is not None:
                marks += _text(place, EDGE, "!")
            continue
        row = axis.row(value, 1000) / 999
        pieces[-1].append(f"{place:.1f},{HEIGHT - EDGE - (HEIGHT - 2 * EDGE) * row:.1f}")
    return "".join(_stroke(i, " ".join(piece)) for piece in pieces if piece) + marks


def _stroke(i: int, points: str) -> str:
    colour, dash = COLOURS[i % len(COLOURS)], DASHES[i % len(DASHES)]
    return (
        f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5" '
        f'stroke-dasharray="{dash}"/>'
    )
