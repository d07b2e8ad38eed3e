"""Learning rates over the steps of an optimizer, and how its schedulers were stepped."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from goingdeep.check.run import Run
from goingdeep.record.scalars import F64, curve_name
from goingdeep.record.seen import Op, Scheduler


@dataclass(frozen=True)
class Rates:
    """The learning rate of an optimizer's first group, by its own steps, in buckets.

    first: the first step of each bucket; low, high: in it; steps: in all.
    """

    first: F64
    low: F64
    high: F64
    steps: int

    @property
    def start(self) -> float:
        """At the first step."""
        return float(self.high[0])

    @property
    def end(self) -> float:
        """At the last step."""
        return float(self.low[-1])

    @property
    def peak(self) -> float:
        """The highest of all."""
        return float(self.high.max())

    def high_at(self, step: int) -> float:
        """The highest rate in the bucket of a step."""
        at = int(self.first.searchsorted(step, side="right")) - 1
        return float(self.high[max(0, at)])

    def from_here_below(self, limit: float) -> int | None:
        """The first step from which on the rate stays at or below a limit; None without one."""
        above = np.flatnonzero(self.high > limit)
        if not len(above):
            return int(self.first[0])
        at = int(above[-1]) + 1
        return int(self.first[at]) if at < len(self.first) else None


def rates(run: Run, optimizer: int) -> Rates | None:
    """The curve of an optimizer's rate; None where there is none."""
    table = run.curve(curve_name("rate", optimizer)).table()
    if not len(table) or not np.isfinite(table[:, 2:]).all():
        return None
    steps = int(table[-1, 0] + table[-1, 1] - 1)
    return Rates(table[:, 0], table[:, 2], table[:, 4], steps)


@dataclass(frozen=True)
class Stepped:
    """How a scheduler was stepped: how often, in how many steps of its optimizer, first where."""

    scheduler: Scheduler
    calls: int
    steps_with_call: int
    steps: int
    site: int


def stepped(run: Run, scheduler: Scheduler) -> Stepped:
    """Count the calls of one scheduler."""
    calls = with_call = 0
    site = -1
    for way, count in run.counts(scheduler.optimizer).items():
        mine = next((op for op in run.operations(way) if _is(op, scheduler)), None)
        if mine is not None:
            site = site if site >= 0 else mine.site
            with_call += count
            calls += count * _times(run, way, scheduler)
    return Stepped(scheduler, calls, with_call, run.steps_of(scheduler.optimizer), site)


def _times(run: Run, anatomy: int, scheduler: Scheduler) -> int:
    known = run.anatomies[anatomy]
    return sum(block.times * sum(_is(op, scheduler) for op in block.ops) for block in known.blocks)


def _is(op: Op, scheduler: Scheduler) -> bool:
    return op.op == "schedule" and op.facts.get("scheduler") == scheduler.id


def setting(scheduler: Scheduler, name: str) -> float | None:
    """A number among a scheduler's settings."""
    value = scheduler.settings.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
