"""Several curves in one small chart of characters, each with a mark of its own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from goingdeep.record.answer import Curve, Figure
from goingdeep.show.numbers import as_float, number
from goingdeep.show.page import Page

MARKS = "•x+o*#%@"
PLAIN_MARKS = ".x+o*#%@"
HEIGHT = 9
WIDEST = 64
LEAST_LOG = 1e-12


@dataclass(frozen=True)
class Axis:
    """From a value to a row. low, high: after the logarithm, where it is one."""

    low: float
    high: float
    log: bool

    @classmethod
    def over(cls, values: Sequence[float], *, log: bool) -> Axis:
        """An axis that holds all of these; logarithmic only where all of them are above zero."""
        log = log and min(values, default=0.0) > 0
        places = [math.log10(v) if log else v for v in values]
        return cls(min(places, default=0.0), max(places, default=1.0), log)

    def row(self, value: float, height: int) -> int:
        """Which row a value is on; 0 is the lowest."""
        place = math.log10(max(value, LEAST_LOG)) if self.log else value
        # Divided before they are subtracted: the difference of two large numbers can be infinite.
        span = self.high / 2 - self.low / 2
        share = (place / 2 - self.low / 2) / span if span > 0 else 0.0
        return min(height - 1, max(0, int(share * height)))

    def label(self, row: int, height: int) -> str:
        """The value at the middle of the lowest or highest row."""
        place = self.low if row == 0 else self.high
        return number(10**place if self.log else place, 3) if row in {0, height - 1} else ""


def chart(page: Page, figure: Figure, indent: int = 2) -> None:
    """Draw a figure: title, curves with their axis, and which mark is which.

    Where curves meet the later one is drawn; `!` on top stands for values that are not finite.
    """
    marks = PLAIN_MARKS if page.plain else MARKS
    page.text(f"{figure.title} ({figure.y}{', logarithmic' * figure.log})", indent)
    columns = [_columns(curve, min(WIDEST, page.width - indent - 12)) for curve in figure.curves]
    finite = [v for column in columns for v in column if v is not None and math.isfinite(v)]
    if not finite:
        page.text("no value of it is finite", indent + 2)
        return
    axis = Axis.over(finite, log=figure.log)
    width = max(map(len, columns))
    grid = [[" "] * width for _ in range(HEIGHT)]
    for mark, column in zip(marks, columns, strict=False):
        for x, value in enumerate(column):
            if value is not None:
                row = axis.row(value, HEIGHT) if math.isfinite(value) else HEIGHT - 1
                grid[row][x] = mark if math.isfinite(value) else "!"
    for row in reversed(range(HEIGHT)):
        label = axis.label(row, HEIGHT)
        page.line(f"{' ' * indent}{label:>8} |{''.join(grid[row])}".rstrip())
    xs = figure.xs or (1.0, float(max(len(curve.values) for curve in figure.curves)))
    ends = f"{number(xs[0])}{number(xs[-1]):>{max(1, width - len(number(xs[0])))}}"
    page.line(f"{' ' * indent}{'':>8} +{'-' * width}")
    page.line(f"{' ' * indent}{'':>10}{ends} {figure.x}")
    for mark, curve in zip(marks, figure.curves, strict=False):
        page.text(f"{mark} {curve.name}", indent + 10, 2)
    if figure.note:
        page.text(figure.note, indent)


def _columns(curve: Curve, width: int) -> list[float | None]:
    """The mean of each equal stretch of a curve; one value that is not finite is kept."""
    values = [None if v is None else as_float(v) for v in curve.values]
    count = min(max(1, width), len(values))
    columns: list[float | None] = []
    for i in range(count):
        first, end = i * len(values) // count, (i + 1) * len(values) // count
        there = [v for v in values[first:end] if v is not None]
        columns.append(sum(v / len(there) for v in there) if there else None)
    return columns
