"""Passes that have ended: compared with others at once, and written when they are surely over.

Frameworks fetch one batch ahead, so the last batch of a pass may be used after its end. It is over
when a batch of a pass that began later is used.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from threading import RLock
from typing import TYPE_CHECKING

import numpy as np

from goingdeep.record.seen import Pass
from goingdeep.watch.data.active import ActivePass
from goingdeep.watch.data.overlaps import MAX_LOADERS, Overlaps
from goingdeep.watch.data.taken import MAX_KEPT
from goingdeep.watch.data.walks import MAX_LOADERS_WRITTEN

if TYPE_CHECKING:
    from goingdeep.watch.writing.recorder import Recorder

MAX_WAITING = 8
WRITTEN_ONE_BY_ONE = 1_000
"""Passes; of those that follow every second is written, after as many again every fourth, ..."""

MAX_LABEL_COUNTS = 200_000
"""Numbers of samples by label, in all passes together."""


class Ledger:
    """Takes passes that have ended.

    Args:
        recorder: where they are written.
        alive: numbers of the loaders that still exist.
    """

    def __init__(self, recorder: Recorder, alive: Callable[[], set[int]]) -> None:
        self._recorder = recorder
        self._alive = alive
        self.waiting: deque[ActivePass] = deque()  # that may still have a batch in use
        self._overlaps = Overlaps()
        self._signs: dict[int, tuple[int, int] | None] = {}
        self._written = 0
        self._label_counts = 0
        self._lock = RLock()

    def enter(self, active: ActivePass) -> None:
        """A pass has ended."""
        with self._lock:
            self._compare(active)
            self.waiting.append(active)
            while len(self.waiting) > MAX_WAITING:
                self._write(self.waiting.popleft())

    def used(self, active: ActivePass) -> None:
        """A forward takes a batch of this pass: whatever ended before it began is over."""
        waiting = self.waiting
        if len(waiting) == 1 and waiting[0] is active:
            return
        with self._lock:
            for _ in range(len(waiting)):
                ended = waiting.popleft()
                if ended.closed < active.opened:
                    self._write(ended)
                else:
                    waiting.append(ended)

    def finish(self) -> None:
        """Write what waits."""
        with self._lock:
            while self.waiting:
                self._write(self.waiting.popleft())

    def checks(self, loader: int) -> bool:
        """Whether the next pass of this loader has its samples kept, so that they need a check."""
        return self._overlaps.wants(loader)

    def _compare(self, active: ActivePass) -> None:
        taken = active.hand_over()
        if taken is None:
            return
        overlaps, loader = self._overlaps, active.loader
        if loader not in overlaps.loaders():
            self._make_room(active)
        keep = active.number == 1 and overlaps.knows(loader)
        active.summary = summary = overlaps.summary(loader, taken, complete=active.complete)
        if len(taken.kept) < taken.samples:
            self._recorder.gap(
                f"the samples of loader {loader}",
                f"the first {MAX_KEPT:,} of a pass are told apart",
            )
        if summary.uncompared:
            self._recorder.gap(
                f"which samples of loader {loader} others have too",
                "a part of their values does not tell them apart, and not all were read as a whole",
            )
        # What is kept until it is written: one array of one pass of each loader.
        active.taken = taken._replace(
            kept=taken.kept if keep else taken.kept[:0].copy(), whole=None
        )

    def _make_room(self, active: ActivePass) -> None:
        """A loader is new among those that are compared."""
        overlaps, alive = self._overlaps, self._alive()
        gone = [number for number in overlaps.loaders() if number not in alive]
        if active.complete:
            # One that is made anew for each pass stands for the one before it.
            for number in gone:
                if self._signs.get(number) == active.known.sign:
                    overlaps.forget(number)
        if not overlaps.knows(active.loader):
            self._recorder.gap(
                "the same samples in several loaders",
                f"{MAX_LOADERS} loaders are compared at a time",
            )
            if gone:
                overlaps.forget(gone[0])
        self._signs = {
            number: sign for number, sign in self._signs.items() if number in overlaps.loaders()
        }
        if overlaps.knows(active.loader):
            self._signs[active.loader] = active.known.sign

    def _write(self, active: ActivePass) -> None:
        taken, active.taken = active.taken, None
        stride = 1 << (self._written // WRITTEN_ONE_BY_ONE)
        if active.id % stride or active.loader >= MAX_LOADERS_WRITTEN:
            if stride > 1:
                self._recorder.gap(
                    "passes", f"of those after the first {WRITTEN_ONE_BY_ONE:,} some are written"
                )
            return
        self._written += 1
        facts = active.facts(taken, labels=self._label_counts < MAX_LABEL_COUNTS)
        if facts["labels"] is not None:
            self._label_counts += len(facts["labels"].counts)
        blob = None
        if taken is not None and len(taken.kept):
            blob = self._recorder.blob(taken.kept.view(np.int64))
        self._recorder.event(Pass, hashes=blob, **facts)
