"""One run as a page reads it: manifest, events in their order, blobs by their hash.

Read from the run folder only, and again as it grows. A record may be from anybody: nothing in it is
opened by a name that stands in it, and what is read is bounded.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from goingdeep.check import Report
from goingdeep.check.proof import FILE as PROOFS
from goingdeep.errors import GoingDeepError
from goingdeep.record import Manifest as RunManifest
from goingdeep.record import is_live, read_blob, read_events, read_manifest
from goingdeep.record.answer import FOLDER as ANSWERS
from goingdeep.record.answer import Answer, read_answers
from goingdeep.record.event import Blob, Event
from goingdeep.record.events import Resumed, WorstErrors
from goingdeep.record.log import Following, valid
from goingdeep.record.look import LookEvent
from goingdeep.record.reading import processes
from goingdeep.record.seen import Site, SourceText
from goingdeep.view import findings
from goingdeep.view.contract import Manifest, Results, Source
from goingdeep.view.curves import Curves
from goingdeep.view.events import Shaped, Shaper, joined
from goingdeep.view.limits import refuse_large
from goingdeep.view.paths import Paths, fit
from goingdeep.view.results import results
from goingdeep.view.sources import sources, text_of
from goingdeep.view.stamps import named, stamp

MOST_PAGE = 20_000
"""Events in one answer."""

CHECK_SHARE = 200
"""The rules run again after so many times as long as they took: half a hundredth of one core."""

FIRST_PAUSE = 5.0


@dataclass(frozen=True)
class Now:
    """A run as far as it was read: it stays so, for a thread of its own, while the run goes on.

    made, known: bytes that are no file, and files that events refer to, by their hash.
    """

    folder: Path
    manifest: Manifest
    events: tuple[Shaped, ...]
    made: Mapping[str, bytes]
    known: Mapping[str, Blob]

    def blob(self, ref: str) -> bytes | None:
        """The bytes that a hash stands for; None where the page was never told of it."""
        return self.made.get(ref) or _read(self.folder, self.known.get(ref))


class Trace:
    """A run folder, read.

    Args:
        folder: the run. source: whether the user's source may leave. images: whether pictures of
            samples may. live: whether it will be refreshed; then only the first process is read.
        other: a run to compare it with.
    Raises:
        RunNotFoundError, RunFormatError: it is not a run, or damaged.
    """

    def __init__(
        self, folder: Path, *, source: bool = True, images: bool = True, live: bool = False,
        other: Path | None = None,
    ) -> None:  # fmt: skip
        self.folder = folder
        self.other = Trace(other, source=source, images=images, live=live) if other else None
        self._with_source, self._with_images, self._live = source, images, live
        self._begun = 0
        self._begin()

    def _begin(self) -> None:
        folder = self.folder
        refuse_large(folder)
        self._begun += 1
        self.run: RunManifest = read_manifest(folder)
        self.identity = named(f"{self.run.created} {self._begun}")
        self.state = _state(folder, self.run)
        self.events: list[Shaped] = []
        self.revision = ""
        self._paths = Paths()
        self._blobs: dict[str, Blob] = {}
        self._sites: list[Site] = []
        self._texts: list[SourceText] = []
        self._worst: WorstErrors | None = None
        self._report: Report | None = None
        self._check_at = 0.0
        self._judged_by: list[Path] = []
        self._stamped: dict[str, object] = {"judged by": None}
        self._curves = Curves(folder)
        self._parts: dict[str, tuple[object, Any]] = {}
        self._following = Following(folder) if self._live else None
        self._shaper = Shaper(self._paths, images=self._with_images)
        self._all = self._following.more() if self._following else self._of_all_ranks()
        self._shape(joined(self._all))
        self._revise(self._stamps())

    # ---------------------------------------------------------------- what a page asks for

    def refresh(self) -> None:
        """Take in what was written since: the run goes on, ends, or is taken up again."""
        if self._following is None:
            return
        before = self.state
        run = read_manifest(self.folder)
        if run.created != self.run.created or self._following.cut:
            self._begin()  # the folder was deleted, and another run written to its place
            return
        self.run = run
        self.state = _state(self.folder, self.run)  # first, or its last events could be missed
        new = self._following.more()
        self._all += new
        if any(isinstance(event, Resumed) for event in new):
            self._all = valid(self._all)  # the rules must not see steps that were done again
        self._shape(new)
        if self.state != before:
            self._check_at = 0.0
        stamps = self._stamps()
        if new or self.state != before or stamps != self._stamped:
            self._revise(stamps)

    @property
    def looked(self) -> bool:
        """Whether any step was looked at closely."""
        return any(isinstance(shaped.event, LookEvent) for shaped in self.events)

    def after(self, seq: int) -> tuple[list[Shaped], int]:
        """Events with a larger `seq`, at most 20,000, and what to ask for the next time."""
        found = self.events[max(0, seq + 1) : max(0, seq + 1) + MOST_PAGE]
        return found, found[-1].seq if found else seq

    def blob(self, ref: str) -> bytes | None:
        """The bytes that a hash stands for, in either run; None where the page was never told of it."""
        made = self._curves.blob(ref)
        if made is not None:
            return made
        if ref in self._blobs:
            return _read(self.folder, self._blobs[ref])
        return self.other.blob(ref) if self.other is not None else None

    def now(self) -> Now:
        """The run as far as it was read."""
        events, curves = tuple(self.events), self._curves.kept()
        return Now(self.folder, self.manifest(), events, curves, dict(self._blobs))

    def beside(self, folder: Path) -> Trace:
        """Another run, of which as much may leave as of this one."""
        return Trace(folder, source=self._with_source, images=self._with_images, live=self._live)

    def manifest(self) -> Manifest:
        """What the page is told first."""
        run = msgspec.to_builtins(self.run)
        for name in ("machine", "versions"):
            run.pop(name, None)
        report = self._report
        return Manifest(
            run=fit(run),
            state=self.state,
            sources=self._sources() if self._with_source else (),
            curves=self._curves.told,
            findings=findings.shown(report, self._paths) if report is not None else (),
            checked=report is not None,
            not_checked=dict(report.not_checked) if report is not None else {},
            answers=self._cached("answers", stamp(self.folder / ANSWERS), self._answers),
            results=self._results(),
            notes=tuple(self._notes()),
            other=fit(self.other.run.name) if self.other is not None else "",
        )

    # ---------------------------------------------------------------- reading

    def _of_all_ranks(self) -> list[Event]:
        """Everything that counts, of every process; the lowest rank is shown."""
        # The collector would look through all that was read so far, again and again, and free nothing.
        collects = gc.isenabled()
        gc.disable()
        try:
            events = list(read_events(self.folder))
        finally:
            if collects:
                gc.enable()
        self._shaper.rank = min((event.rank for event in events), default=0)
        return events

    def _shape(self, events: Iterable[Event]) -> None:
        for event in events:
            if isinstance(event, Site):
                self._sites.append(event)
            elif isinstance(event, SourceText):
                self._texts.append(event)
            elif isinstance(event, WorstErrors):
                self._worst = event
            shaped = self._shaper.shape(event)
            if shaped is not None:
                self.events.append(shaped)
                self._blobs.update((blob.hash, blob) for blob in shaped.blobs)

    def _stamps(self) -> dict[str, object]:
        """What tells that a file beside the events has changed: some are written after the end."""
        others = [stamp(self.folder / name) for name in ("scalars", ANSWERS, "result.json")]
        return {"judged by": self._judged_stamps(), "others": others}

    def _judged_stamps(self) -> list[object]:
        return [stamp(path) for path in (self.folder / PROOFS, *self._judged_by)]

    def _revise(self, stamps: dict[str, object]) -> None:
        """Look at what the manifest is made of, and say whether it is another one now."""
        self._curves.read(self._shaper.rank)
        due = time.monotonic() >= self._check_at or self._report is None
        if due or stamps["judged by"] != self._stamped["judged by"]:
            self._judge()
            stamps["judged by"] = self._judged_stamps()  # of the settings that were found
        self._stamped = stamps
        key = (
            self.state, self.run.status, len(self._sites), len(self._texts), id(self._report),
            tuple(curve.rows.hash for curve in self._curves.told), repr(stamps),
        )  # fmt: skip
        self.revision = named(repr(key))

    def _judge(self) -> None:
        """Run the rules over everything that was read."""
        began = time.process_time()
        self._report, settings = findings.checked(
            list(processes(self._all, self.folder)),
            {text.file: text_of(self.folder, text) or "" for text in self._texts},
            self.folder,
        )
        self._judged_by = [p for p in (settings.file, settings.baseline) if p is not None]
        took = time.process_time() - began
        self._check_at = time.monotonic() + max(FIRST_PAUSE, CHECK_SHARE * took)

    # ---------------------------------------------------------------- parts of the manifest

    def _sources(self) -> tuple[Source, ...]:
        key = (len(self._sites), len(self._texts))
        found: tuple[Source, ...] = self._cached(
            "sources", key, lambda: sources(self.folder, self._texts, self._sites, self._paths)
        )
        return found

    def _results(self) -> Results | None:
        key = (stamp(self.folder / "result.json"), self._worst)
        worst = self._worst if self._with_images else None
        found: Results | None = self._cached("results", key, lambda: results(self.folder, worst))
        return found

    def _answers(self) -> tuple[Answer, ...]:
        # Only what is an answer is read: a file of that name may be a link to anything on this machine.
        return tuple(fit(answer) for answer in read_answers(self.folder))

    def _notes(self) -> list[str]:
        notes = []
        ranks = {event.rank for event in self._all}
        if len(ranks) > 1:
            notes.append(f"{len(ranks)} processes trained; this is rank {self._shaper.rank}")
        if not self._with_source:
            notes.append("the source was left out (--no-source)")
        if not self._with_images:
            notes.append("pictures were left out (--no-images)")
        return notes

    def _cached(self, name: str, key: object, make: Any) -> Any:
        known = self._parts.get(name)
        if known is None or known[0] != key:
            known = self._parts[name] = (key, make())
        return known[1]


def _read(folder: Path, blob: Blob | None) -> bytes | None:
    try:
        return None if blob is None else read_blob(folder, blob).tobytes()
    except GoingDeepError:
        return None


def _state(folder: Path, run: RunManifest) -> Any:
    """Finished, whatever the end was; dead where it says it runs and nobody writes to it."""
    if run.status not in {"started", "running"}:
        return "finished"
    return "running" if is_live(folder) else "dead"
