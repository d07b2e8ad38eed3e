"""Checking what a watcher records, while it does: puts `watch/` and `check/` together.

Each finding is said once, when it is certain, and written to `findings.jsonl`. A fault in here is a
gap in the record, and nothing else.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from goingdeep.check.catalogue import catalogue
from goingdeep.check.faces.plain import of_finding
from goingdeep.check.faces.text import in_brief, one
from goingdeep.check.live import LiveCheck
from goingdeep.check.rule import SEVERITIES, Finding
from goingdeep.check.settings import CheckSettings, settings_if_right
from goingdeep.record.encoding import to_json
from goingdeep.record.files import append_whole
from goingdeep.record.log import other_ranks
from goingdeep.record.reading import read_processes
from goingdeep.terminal import fitted
from goingdeep.words import many

if TYPE_CHECKING:
    from goingdeep.record.event import Event
    from goingdeep.record.reading import Seen
    from goingdeep.record.scalars import Curve
    from goingdeep.watch.watcher import Watcher

FILE = "findings.jsonl"
GAP = "findings while it runs"
MOST_LOOKS = 8
"""Close looks that findings ask for."""

PATIENCE = 2.0
"""Seconds that the first rank waits at its end for the others', which end at about the same time."""

MOST_BYTES = 16 << 20
"""Of the other ranks' records, read at the end; of more, `gd check RUN` can tell."""


class Live:
    """Follows one watcher.

    Args:
        watcher: before or after its start. folder: of the run.
        say: given the text of each finding that is no hint; None says nothing.
        settings: by default those of the current folder.
        brief: say what and where, as the rest will be said at the end.
    """

    def __init__(
        self,
        watcher: Watcher,
        folder: Path,
        say: Callable[[str], None] | None,
        *,
        settings: CheckSettings | None = None,
        brief: bool = False,
    ) -> None:
        self._watcher = watcher
        self._folder = folder
        self._file = _Lines(folder / FILE)
        self._say = say
        self._looks = 0
        self._text = in_brief if brief else one
        rules = catalogue()  # import them now, not at a step of the program's
        self._check = LiveCheck(settings or settings_if_right((), rules))
        watcher.recorder.told.append(self._take)
        watcher.after_step.append(self._after_step)

    @property
    def said(self) -> str:
        """What was found, counted: "1 error, 2 hints"; "" for nothing."""
        counts = Counter(finding.severity for finding in self._check.findings.values())
        return ", ".join(many(counts[name], name) for name in SEVERITIES if counts[name])

    def finish(self) -> None:
        """The record is complete: say what could not be certain before."""
        self._judge(self._watcher.recorder.steps, self._others())
        self._leave()
        refused = self._file.write()
        if refused and self._say is not None:
            self._say(f"gd: {FILE} lacks some of what was said: {refused}")

    def prove(self) -> None:
        """Replay with and without what was found, and write the proofs into the run folder."""
        if self._watcher.moments is not None:
            from goingdeep.proving import prove

            prove(self._watcher.moments.kept, self._folder)

    def _take(self, event: Event) -> None:
        try:
            self._check.take(event)
        except Exception as error:  # noqa: BLE001 - nor must whoever records
            self._fail(error)

    def _after_step(self, step: int) -> None:
        try:
            due = self._check.due(step)
        except Exception as error:  # noqa: BLE001
            self._fail(error)
        else:
            if due:
                self._judge(step)

    def _others(self) -> list[Seen]:
        """The other processes of a distributed run, as far as they can be waited for and read."""
        try:
            files = other_ranks(self._folder, seconds=PATIENCE)
            if not files or sum(file.stat().st_size for file in files) > MOST_BYTES:
                return []
            mine = self._watcher.recorder.rank
            return [seen for seen in read_processes(self._folder) if seen.rank != mine]
        except Exception as error:  # noqa: BLE001 - a clock of the program's own, a folder that is gone
            self._fail(error)
            return []

    def _judge(self, step: int, others: Sequence[Seen] = ()) -> None:
        recorder = self._watcher.recorder
        try:
            with recorder.lock:  # no other thread adds to it meanwhile
                fresh = self._check.judge(step, self._curve, recorder.unwritten(), others)
            for finding in fresh:
                self._found(finding, step)
            self._file.write()
        except Exception as error:  # noqa: BLE001 - the training must not notice
            self._fail(error)

    def _curve(self, name: str) -> Curve:
        return self._watcher.recorder.curve_now(name)

    def _found(self, finding: Finding, step: int) -> None:
        self._file.add({"time": time.time(), "said_at": step, **of_finding(finding)})
        if finding.severity == "hint":
            return
        if self._looks < MOST_LOOKS:
            self._looks += 1
            self._watcher.mark()
            self._keep_moment(finding, step)
        if self._say is not None:
            self._say(fitted(self._text(finding), sys.stderr))

    def _keep_moment(self, finding: Finding, step: int) -> None:
        """Where moments are kept and none has this mistake in it: the next steps will."""
        moments = self._watcher.moments
        if moments is None or finding.remedy is None or moments.active:
            return
        if not any(one.step <= finding.step < one.step + len(one.steps) for one in moments.kept):
            moments.at.add(step + 1)

    def _fail(self, error: Exception) -> None:
        self._leave()
        self._watcher.recorder.gap(GAP, f"{type(error).__name__}: {error}"[:300])

    def _leave(self) -> None:
        with contextlib.suppress(ValueError):
            self._watcher.after_step.remove(self._after_step)
            self._watcher.recorder.told.remove(self._take)


class _Lines:
    """A file of JSON lines, each in it whole or not at all; what it refuses is tried again."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._left = b""
        self._lock = threading.Lock()

    def add(self, line: dict[str, Any]) -> None:
        """One more, for the next `write`."""
        with self._lock:
            self._left += to_json(line) + b"\n"

    def write(self) -> str:
        """Write what is not in the file yet; why it was refused, else ""."""
        with self._lock:
            if not self._left:
                return ""
            try:
                with self._path.open("ab", buffering=0) as file:
                    append_whole(file, self._left, file.tell())
            except OSError as error:
                return error.strerror or str(error)
            self._left = b""
            return ""
