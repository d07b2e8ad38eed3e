"""Appending events, and reading them while they are written.

A line is written and flushed at once, so a kill loses at most what is in flight. A cut last line
is not an event yet: readers leave it, and the next writer removes it.
"""

from __future__ import annotations

import contextlib
import fcntl
import heapq
import os
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from goingdeep.errors import RunBusyError
from goingdeep.record.encoding import UNREADABLE
from goingdeep.record.event import Event, Gap
from goingdeep.record.events import Resumed, decode, encode
from goingdeep.record.files import append_whole, read_file, remove_unfinished, writing

_RANK_FILE = re.compile(r"events-rank[1-9][0-9]*\.jsonl")

MAX_BYTES = 48 << 20
"""Beyond this only the events that end a run are written, so that a run stays under 64 MB."""


LATER = "later events"
"""What a gap says is missing from a log that is full."""


class EventLog:
    """The one writer of a run's `events.jsonl`, or of the file of one rank beside it.

    Args:
        folder: the run folder.
        rank: which process of a distributed run; each but the first has a file of its own.

    Raises:
        RunBusyError: another process writes to this run.
        WriteError: the disk refuses.
    """

    def __init__(self, folder: Path, rank: int = 0) -> None:
        self._path = folder / (f"events-rank{rank}.jsonl" if rank else "events.jsonl")
        with writing(self._path):
            self._file: BinaryIO = self._path.open("a+b", buffering=0)
        try:
            _lock(self._file, folder)
            with writing(self._path):
                self._size = _drop_cut_line(self._file)
        except BaseException:
            self._file.close()
            raise
        self._full = self._size >= MAX_BYTES
        if not rank:  # who holds the first lock comes before all others, and knows it is alone
            for place in (folder, folder / "blobs", folder / "scalars"):
                remove_unfinished(place)

    step = 0
    """Steps done when the newest event was written in this process."""

    @property
    def empty(self) -> bool:
        """Whether nothing has been written to the run yet."""
        return self._size == 0

    def write(self, event: Event, *, last: bool = False) -> None:
        """Append one event. `last` marks the few that are written even when the log is full."""
        self.write_all([encode(event)], event.step, last=last)

    def write_all(self, lines: Sequence[bytes], step: int, *, last: bool = False) -> None:
        """Append some events at once, each `encode`d; steps that were done when they were made."""
        self.step = step
        if self._full and not last:
            return
        content = b"".join(lines)
        if not last and self._size + len(content) > MAX_BYTES:
            self._full = True
            content = encode(Gap(time=time.time(), step=step, what=LATER, reason="log is full"))
        with writing(self._path):
            append_whole(self._file, content, self._size)
        self._size += len(content)

    def close(self) -> None:
        """Let go of the file and its lock."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def is_live(folder: Path) -> bool:
    """Whether a process is writing to this run right now (the kernel forgets a killed one)."""
    return _is_written(folder / "events.jsonl")


def other_ranks(folder: Path, *, seconds: float = 0.0) -> list[Path]:
    """The logs of the other ranks of a run, which may be waited for so long while they are written."""
    until = time.monotonic() + seconds
    files = _of_other_ranks(folder)
    while any(map(_is_written, files)) and time.monotonic() < until:
        time.sleep(0.02)
    return files


def _is_written(path: Path) -> bool:
    if not path.is_file():
        return False  # to open a pipe would wait for somebody who writes to it
    with contextlib.suppress(OSError), path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def read_events(folder: Path, *, void: bool = False) -> Iterator[Event]:
    """The events that count, in the order in which they were written.

    Those of several ranks are put together by their time.

    Args:
        folder: the run folder.
        void: also give the lines that a later resume made void.
    """
    files = [_read(path) for path in (folder / "events.jsonl", *_of_other_ranks(folder))]
    # Within one file the order of lines counts, also where the clock was set back.
    events = list(heapq.merge(*files, key=lambda event: event.time)) if files[1:] else files[0]
    yield from events if void else valid(events)


class Following:
    """Reads a run's own log again and again, each time what was added since.

    Only `events.jsonl` is followed: other ranks are put together with it at the end.

    Args:
        folder: the run folder.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "events.jsonl"
        self._read = 0

    @property
    def cut(self) -> bool:
        """Whether the file is shorter than what was read of it: another one is in its place."""
        try:
            return self._path.stat().st_size < self._read
        except OSError:
            return False

    def more(self) -> list[Event]:
        """Events written since; of the first reading those that a resume has not made void."""
        if not self._path.is_file():
            return []
        try:
            with self._path.open("rb") as file:
                if file.seek(0, os.SEEK_END) <= self._read:
                    return []
                file.seek(self._read)
                content = file.read()
        except OSError:
            return []
        whole = content.rfind(b"\n") + 1
        first, self._read = not self._read, self._read + whole
        events = _decoded(content[:whole])
        return valid(events) if first else events


def _of_other_ranks(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if _RANK_FILE.fullmatch(path.name))
    except OSError:
        return []


def _read(path: Path) -> list[Event]:
    try:
        content = read_file(path)
    except OSError:
        return []
    return _decoded(content[: content.rfind(b"\n") + 1])


def _decoded(lines: bytes) -> list[Event]:
    events: list[Event] = []
    for line in lines.split(b"\n"):
        # A damaged line in the middle (a disk's fault) must not hide the ones after it.
        with contextlib.suppress(*UNREADABLE):
            events.append(decode(line))
    return events


def valid(events: list[Event]) -> list[Event]:
    """The events, in the order of writing, that no later resume of their rank has made void."""
    valid: list[Event] = []
    resumed_at: dict[int, int] = {}
    for event in reversed(events):
        lowest = resumed_at.get(event.rank, event.step)
        if event.step <= lowest:
            valid.append(event)
        if isinstance(event, Resumed):
            resumed_at[event.rank] = min(event.step, lowest)
    return valid[::-1]


def _lock(file: BinaryIO, folder: Path) -> None:
    for last_try in (*[False] * 10, True):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if last_try:
                raise RunBusyError(
                    f"{folder} is being written by another process",
                    fix="wait until it ends, or stop it first",
                    more="docs/runs.md",
                ) from error
            time.sleep(0.01)  # `is_live` holds the lock for the moment of asking
        except OSError:
            return  # some network file systems have no locks; a run there is still worth having
        else:
            return


def _drop_cut_line(file: BinaryIO) -> int:
    """Remove an unfinished last line; returns the size that is left.

    Changes: the file, which is cut after its last newline.
    """
    size = keep = file.seek(0, os.SEEK_END)
    while keep:
        start = max(0, keep - (1 << 16))
        file.seek(start)
        newline = file.read(keep - start).rfind(b"\n")
        if newline >= 0:
            keep = start + newline + 1
            break
        keep = start
    if keep != size:
        file.truncate(keep)
        file.seek(0, os.SEEK_END)
    return keep
