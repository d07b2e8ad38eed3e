"""Loss and learning rate as they were kept beside the events: drawn, and read at one step."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from goingdeep.errors import GoingDeepError
from goingdeep.record.reading import Seen
from goingdeep.record.scalars import Curve, curve_name
from goingdeep.show.numbers import number
from goingdeep.show.page import Page
from goingdeep.show.spark import gathered, sparkline

WIDEST = 60


@dataclass(frozen=True)
class Values:
    """A curve by step: for each bucket its first step, how many it holds, lowest, mean, highest.

    Steps are those of one optimizer, counted from 1. problem: why it could not be read, "" where it
    could.
    """

    starts: list[int] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    lows: list[float] = field(default_factory=list)
    means: list[float] = field(default_factory=list)
    highs: list[float] = field(default_factory=list)
    problem: str = ""

    @classmethod
    def read(cls, found: Seen, what: str, optimizer: int) -> Values:
        """The curve "loss" or "rate" of an optimizer; empty, where there is none."""
        name = curve_name(what, optimizer, found.rank)
        path = found.folder / "scalars" / f"{name}.npy" if found.folder else None
        if path is None or not path.is_file():
            return cls()
        try:
            table = Curve.read(path).table()
        except (GoingDeepError, OSError) as error:
            return cls(problem=getattr(error, "message", str(error)))
        columns = [column.tolist() for column in table.T]
        return cls([int(v) for v in columns[0]], [int(v) for v in columns[1]], *columns[2:])

    def __bool__(self) -> bool:
        return bool(self.starts)

    @property
    def went(self) -> str:
        """From the first to the last: "2.303 -> 0.871"."""
        if not self.starts:
            return ""
        first, last = self.means[0], self.means[-1]
        # Where three digits show no difference there may be one all the same.
        digits = 3 if number(first, 3) != number(last, 3) else 5
        return f"{number(first, digits)} -> {number(last, digits)}"

    def at(self, step: int) -> str:
        """The loss of one step, or of the steps that were joined with it; "" where unknown."""
        i = self.bucket(step)
        if i is None:
            return ""
        if self.counts[i] == 1:
            return number(self.means[i])
        last = self.starts[i] + self.counts[i] - 1
        return (
            f"{number(self.means[i])} on average over steps {number(self.starts[i])} to "
            f"{number(last)} (from {number(self.lows[i])} to {number(self.highs[i])})"
        )

    def bucket(self, step: int) -> int | None:
        """The bucket that holds a step."""
        for i, (start, count) in enumerate(zip(self.starts, self.counts, strict=True)):
            if start <= step < start + count:
                return i
        return None

    def draw(self, page: Page, label: str, indent: int = 0) -> None:
        """One line with the whole curve."""
        if self.problem:
            page.labelled(label, f"not known: {self.problem}", indent)
        if not self.starts:
            return
        room = page.width - indent - 10 - len(self.went) - 2
        values = gathered(self.starts, self.means, max(8, min(WIDEST, room)))
        line = sparkline(values, plain=page.plain)
        bad = self.first_not_finite
        note = f"  (! is not finite, from step {number(bad)} on)" if bad is not None else ""
        page.labelled(label, f"{line}  {self.went}{note}", indent)

    @property
    def first_not_finite(self) -> int | None:
        """The first step of the first bucket with a value that is NaN or infinite."""
        ends = zip(self.starts, self.lows, self.highs, strict=True)
        return next((start for start, *ends_ in ends if not all(map(math.isfinite, ends_))), None)

    def draw_around(self, page: Page, own: int, step: int, label: str, indent: int = 0) -> None:
        """The curve in the neighbourhood of a step, which is marked below it.

        Args:
            own: which of the optimizer's own steps it is. step: its number in the run.
        """
        here = self.bucket(own)
        if here is None:
            return
        room = max(8, min(WIDEST, page.width - indent - 10))
        first = max(0, min(here - room // 2, len(self.means) - room))
        shown = self.means[first : first + room]
        if len(shown) < 2:
            return
        page.lines.append(f"{' ' * indent}{label:<10}{sparkline(shown, plain=page.plain)}")
        about = "about " if self.counts[here] > 1 else ""
        value = about + number(self.means[here])
        mark = f"^ step {number(step)}: {value}"
        where = here - first
        if where + len(mark) > room:
            mark = f"step {number(step)}: {value} ^"
            where = max(0, where - len(mark) + 1)
        page.line(" " * (indent + 10 + where) + mark)


def rate_went(found: Seen, optimizer: int) -> str:
    """The learning rate from its first value over its highest to its last: "0.004 -> 0.1 -> 0"."""
    rate = Values.read(found, "rate", optimizer)
    if not rate:
        return ""
    way = [rate.means[0], max(rate.highs), rate.means[-1]]
    words = [number(value) for value in way]
    if len(set(words)) == 1:
        return words[0]
    return " -> ".join([words[0], words[2]] if words[1] in {words[0], words[2]} else words)


def own_step(found: Seen, optimizer: int, step: int) -> int:
    """Which of an optimizer's own steps a step of the run is, counted from 1."""
    done = 0
    for stretch in found.stretches:
        if stretch.optimizer == optimizer and stretch.first <= step:
            until = min(step, stretch.last) - stretch.first
            distance = max(1, (stretch.last - stretch.first) // max(1, stretch.count - 1))
            done += min(stretch.count, until // distance + 1)
    return done
