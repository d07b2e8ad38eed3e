"""From facts to the run folder: events, stretches of equal steps, curves, blobs, gaps.

Nothing here raises into the user's program. When the disk refuses, the record is lost with one
warning and the training goes on.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy.typing as npt

from goingdeep.errors import GoingDeepError, printable
from goingdeep.record.blobs import Packs
from goingdeep.record.event import Blob, Event, Gap
from goingdeep.record.events import encode
from goingdeep.record.log import EventLog
from goingdeep.record.scalars import Curve, curve_name
from goingdeep.record.seen import Anatomy, Block, Steps
from goingdeep.watch.reading.sites import Sites
from goingdeep.watch.writing.series import Series, Value

FLUSH_SECONDS = 1.0
"""A kill loses at most the steps of the last second."""

CURVE_SECONDS = 10.0
MAX_GAPS = 200
MAX_ANATOMIES = 2_000
"""A loop that never does the same twice is not worth more than this."""


@dataclass
class Counts:
    """What has happened so far, in all threads. steps: of all optimizers."""

    steps: int = 0
    backwards: int = 0
    forwards: int = 0


class _Stretch:
    """Consecutive steps of one optimizer with the same anatomy, not written yet."""

    __slots__ = ("anatomy", "count", "first", "last", "thread")

    def __init__(self, anatomy: int, step: int, thread: str) -> None:
        self.anatomy, self.first, self.last, self.count = anatomy, step, step, 1
        self.thread = thread


class Recorder:
    """Writes what a watcher sees.

    Args:
        folder: the run folder; None where nothing can be written.
        log: its event log, which may be shared with the training itself.
        rank: which process of a distributed run.
        curves: whether to keep the curve of the loss; a run of `gd train` keeps its own.
    Attributes:
        told: called with every event that is written. They must not raise.
        lock: held while anything is written; whoever reads several things at once holds it too.
    """

    def __init__(
        self, folder: Path | None, log: EventLog | None, *, rank: int = 0, curves: bool = True
    ) -> None:
        self.folder = folder
        self.rank = rank
        self.counts = Counts()
        self.gaps: list[tuple[str, str]] = []
        self.sites = Sites(self.event, self.blob)
        self.told: list[Callable[[Event], None]] = []
        self._log = log
        self._packs = Packs(folder, rank) if folder is not None else None
        self._curves = curves
        self._base = 0
        self.lock = threading.RLock()
        self._anatomies: dict[tuple[Any, ...], int] = {}
        self._stretches: dict[int, _Stretch] = {}
        self._series: dict[str, Series] = {}
        self._flush_at = time.monotonic() + FLUSH_SECONDS
        self._curves_at = time.monotonic() + CURVE_SECONDS
        self.last_anatomy = -1
        self.lost = ""  # why the record ends before the program does

    @property
    def steps(self) -> int:
        """Steps of the run that are done, those before a resume included."""
        if self.counts.steps == 0 and self._log is not None:
            return self._log.step
        return self._base + self.counts.steps

    def site(self) -> int:
        """The number of the user's line that led here."""
        return self.sites.here(2)

    # ---------------------------------------------------------------- events

    def event(self, kind: type[Event], **fields: Any) -> None:
        """Write one event; time, step and rank are filled in."""
        self._event(kind, fields, last=False)

    def last_event(self, kind: type[Event], **fields: Any) -> None:
        """Write one of the few events that are written even when the log is full."""
        self._event(kind, fields, last=True)

    def made(self, kind: type[Event], fields: dict[str, Any]) -> Event:
        """An event that is not written yet; time, step and rank are filled in."""
        return kind(time=time.time(), step=self.steps, rank=self.rank, **fields)

    def write(self, made: Sequence[Event], lines: Sequence[bytes], *, last: bool = False) -> None:
        """Write events, each with its line, all at once."""
        if self._log is None or not made:
            return
        with self.lock:
            for event in made:
                for told in self.told:
                    told(event)
            try:
                if self._packs is not None:
                    self._packs.flush()
                self._log.write_all(lines, made[-1].step, last=last)
            except (GoingDeepError, OSError, ValueError) as error:
                self._lose(error)

    def _event(self, kind: type[Event], fields: dict[str, Any], *, last: bool) -> None:
        if self._log is None:
            return
        with self.lock:
            event = self.made(kind, fields)
            try:
                line = encode(event)
            except TypeError as error:  # a value that is none of ours came so far: only it is lost
                self.gap(f"an event of kind {kind.__name__}", str(error)[:300])
            else:
                self.write([event], [line], last=last)

    def gap(self, what: str, reason: str) -> None:
        """Say once what could not be observed."""
        pair = (what, reason)
        if pair in self.gaps or len(self.gaps) >= MAX_GAPS:
            return
        self.gaps.append(pair)
        self.event(Gap, what=what, reason=reason)

    def blob(self, array: npt.NDArray[Any]) -> Blob | None:
        """Store a small array with the next event; None where that is not possible."""
        if self._log is None or self._packs is None:
            return None
        try:
            with self.lock:
                return self._packs.put(array)
        except (GoingDeepError, OSError, ValueError) as error:
            self._lose(error)
            return None

    def _lose(self, error: BaseException) -> None:
        self._log = None
        self.lost = first = printable((str(error).splitlines() or [""])[0])[:300]
        with contextlib.suppress(OSError, ValueError, AttributeError):
            sys.stderr.write(f"gd: the record is lost, the training goes on: {first}\n")

    # ---------------------------------------------------------------- steps

    def anatomy(self, signature: tuple[Any, ...], optimizer: int) -> int | None:
        """The number of an anatomy that is known already."""
        return self._anatomies.get((optimizer, signature))

    def new_anatomy(
        self, signature: tuple[Any, ...], optimizer: int, blocks: tuple[Block, ...], left_out: int
    ) -> int:
        """Write an anatomy; returns its number, -1 beyond the bound."""
        with self.lock:
            number = len(self._anatomies)
            if number >= MAX_ANATOMIES:
                self.gap("anatomies", f"more than {MAX_ANATOMIES} different kinds of step")
                return -1
            self._anatomies[optimizer, signature] = number
            self.event(Anatomy, id=number, optimizer=optimizer, blocks=blocks, left_out=left_out)
            return number

    def step(
        self, optimizer: int, anatomy: int, thread: str,
        values: tuple[tuple[str, Value | None], ...] = (), count: int = 0,
    ) -> int:  # fmt: skip
        """One step was done: lengthen the stretch of its optimizer, or begin another.

        Args:
            values: of curves by name, at the optimizer's own step `count`, from 1.
        Returns:
            Its number among the steps of all optimizers in the run, from 1.
        """
        with self.lock:
            for name, value in values:
                if value is not None:
                    (self._series.get(name) or self._new_series(name)).add(value, count)
            counts = self.counts
            if counts.steps == 0:
                # A resumed run's trainer has written where it goes on.
                self._base = self._log.step if self._log is not None else 0
            counts.steps += 1
            number = self._base + counts.steps
            stretch = self._stretches.get(optimizer)
            if stretch is not None and stretch.anatomy == anatomy and stretch.thread == thread:
                stretch.last = number
                stretch.count += 1
            else:
                if stretch is not None:
                    self._write_stretch(optimizer, stretch)
                self._stretches[optimizer] = _Stretch(anatomy, number, thread)
            if time.monotonic() >= self._flush_at:
                self.flush()
            return number

    def _write_stretch(self, optimizer: int, stretch: _Stretch) -> None:
        self.event(
            Steps, optimizer=optimizer, anatomy=stretch.anatomy, first=stretch.first,
            last=stretch.last, count=stretch.count, thread=stretch.thread,
        )  # fmt: skip

    def curve(self, name: str, value: Value, step: int) -> None:
        """The value of a curve at a step, from 1; a tensor is read later, some steps at once."""
        with self.lock:
            (self._series.get(name) or self._new_series(name)).add(value, step)

    def _new_series(self, name: str) -> Series:
        series = self._series[name] = Series()
        return series

    def unwritten(self) -> list[Steps]:
        """The steps that are done and not written yet; hold `lock` for as long as it matters."""
        now = time.time()
        with self.lock:
            return [
                Steps(
                    time=now, step=self.steps, rank=self.rank, optimizer=optimizer,
                    anatomy=stretch.anatomy, first=stretch.first, last=stretch.last,
                    count=stretch.count, thread=stretch.thread,
                )
                for optimizer, stretch in self._stretches.items()
            ]  # fmt: skip

    def curve_now(self, name: str) -> Curve:
        """A curve up to now. Values that are still being computed elsewhere are not waited for."""
        with self.lock:
            series = self._series.get(name)
            return series.now() if series is not None else Curve()

    def flush(self) -> None:
        """Write what is known and not written yet."""
        with self.lock:
            for optimizer, stretch in self._stretches.items():
                self._write_stretch(optimizer, stretch)
            self._stretches.clear()
            now = time.monotonic()
            self._flush_at = now + FLUSH_SECONDS
            if now >= self._curves_at:
                self.write_curves()

    def write_curves(self) -> None:
        """Replace the files of the curves."""
        self._curves_at = time.monotonic() + CURVE_SECONDS
        if self.folder is None or self._log is None:
            return
        place = self.folder / "scalars"
        for name, series in list(self._series.items()):
            if name == "loss" and not self._curves:
                continue
            curve = series.fold()
            try:
                place.mkdir(exist_ok=True)
                curve.write(place / f"{curve_name(name, rank=self.rank)}.npy", durable=False)
            except (GoingDeepError, OSError) as error:
                self._lose(error)
                return

    def close(self) -> None:
        """Write the rest; the log stays with whoever opened it."""
        self.flush()
        self.write_curves()
        self._log = None
        if self._packs is not None:
            self._packs.close()

    def forget(self) -> None:
        """A forked child must not write: drop everything without touching the files."""
        self._log = None
        self.folder = self._packs = None
        self.lock = threading.RLock()  # the parent's thread may have held it at the fork
