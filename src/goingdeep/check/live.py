"""Judging a run while it goes on: each finding once, as soon as it is certain.

The rules are pure functions over the record, and take about a millisecond for all of it. So they
are simply asked again: every few steps, as long as that costs next to nothing, and more readily
where something new was recorded. A long run of equal steps teaches no rule anything new.

No thread of its own: a program with threads may not be forked without a warning, and loaders fork.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from goingdeep.check.baseline import apply_baseline
from goingdeep.check.catalogue import catalogue
from goingdeep.check.judge import check_processes
from goingdeep.check.rule import Finding, worse
from goingdeep.check.run import Run
from goingdeep.check.settings import CheckSettings
from goingdeep.check.source import apply_ignores
from goingdeep.record.event import Event
from goingdeep.record.reading import Seen
from goingdeep.record.scalars import Curve
from goingdeep.record.seen import Site, Steps

EVERY = 5
"""Steps from one judgement to the next, at least."""

FREE, SHARE = 0.03, 0.001
FREE_NEW, SHARE_NEW = 0.1, 0.004
"""What judging may cost: seconds at first, and a part of the time since; more where there is news."""

MOST_EVENTS = 100_000
"""A record of more is judged when it is complete."""


class LiveCheck:
    """Follows the record of one process.

    Args:
        settings: as of `gd check`. clock: seconds. work: seconds that this thread has computed.
    Attributes:
        findings: what was said so far, the newest of its place.
    """

    def __init__(
        self,
        settings: CheckSettings,
        clock: Callable[[], float] = time.perf_counter,
        work: Callable[[], float] = time.thread_time,
    ) -> None:
        self.findings: dict[tuple[str, str, int], Finding] = {}
        self._settings = settings
        self._clock, self._work = clock, work
        self._seen = Seen()
        self._events = 0
        self._new = False
        self._asked_at = 0
        self._began = clock()
        self._spent = 0.0

    def take(self, event: Event) -> None:
        """One more event of the record."""
        if self._events >= MOST_EVENTS:
            return
        self._events += 1
        self._seen.add(event)
        if not isinstance(event, Steps | Site):
            self._new = True

    def due(self, step: int) -> bool:
        """Whether it is time to judge, when a step is done."""
        if step - self._asked_at < EVERY or self._events >= MOST_EVENTS:
            return False
        self._asked_at = step  # where it is not affordable now, it is not asked at every step
        free, share = (FREE_NEW, SHARE_NEW) if self._new else (FREE, SHARE)
        return self._spent <= free + share * (self._clock() - self._began)

    def judge(
        self,
        step: int,
        curve: Callable[[str], Curve],
        unwritten: Iterable[Steps] = (),
        others: Iterable[Seen] = (),
    ) -> list[Finding]:
        """What is certain now and was not said before.

        Args:
            step: steps done. curve: gives a curve by name, up to now.
            unwritten: steps that are done and stand in no event yet.
            others: what was seen of the other processes of a distributed run.
        """
        began = self._work()
        self._asked_at, self._new = step, False
        run = _Going.of_seen(self._seen.ahead(unwritten))
        run.curve_of = curve
        report = check_processes([run, *others], self._settings)
        if report.findings:
            apply_ignores(report, (), catalogue())
            if self._settings.baseline is not None and self._settings.baseline.exists():
                apply_baseline(report, self._settings.baseline)
        fresh = []
        for finding in report.findings:
            place = (finding.rule, finding.file, finding.line)
            before = self.findings.get(place)
            if before is None or not worse(before.severity, finding.severity):
                fresh.append(finding)
            self.findings[place] = finding
        self._spent += self._work() - began
        return fresh


class _Going(Run):
    """A run that goes on: its curves are not in files yet."""

    curve_of: Callable[[str], Curve]

    def curve(self, name: str) -> Curve:
        """A curve of this process, up to now."""
        return self.curve_of(name)
