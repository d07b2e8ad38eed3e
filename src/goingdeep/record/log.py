"""Appending events, and reading them while they are written.

A line is written and flushed at once, so a kill loses at most the line in flight. A cut last line
is not an event yet: readers leave it, and the next writer removes it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import msgspec

from goingdeep.errors import RunBusyError
from goingdeep.record.events import Event, Gap, Resumed, decode, encode
from goingdeep.record.files import writing

MAX_BYTES = 48 << 20
"""Beyond this only the events that end a run are written, so that a run stays under 64 MB."""


class EventLog:
    """The one writer of a run's `events.jsonl`.

    Args:
        folder: the run folder.

    Raises:
        RunBusyError: another process writes to this run.
        WriteError: the disk refuses.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "events.jsonl"
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

    @property
    def empty(self) -> bool:
        """Whether nothing has been written to the run yet."""
        return self._size == 0

    def write(self, event: Event, *, last: bool = False) -> None:
        """Append one event. `last` marks the few that are written even when the log is full."""
        if self._full and not last:
            return
        line = encode(event)
        if not last and self._size + len(line) > MAX_BYTES:
            self._full = True
            line = encode(
                Gap(time=time.time(), step=event.step, what="later events", reason="log is full")
            )
        with writing(self._path):
            # One unbuffered write of a whole line; the disk may still take only a part of it.
            written = self._file.write(line)
            while written < len(line):
                written += self._file.write(line[written:])
        self._size += len(line)

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
    with contextlib.suppress(OSError), (folder / "events.jsonl").open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def read_events(folder: Path, *, void: bool = False) -> Iterator[Event]:
    """The events that count, in the order in which they were written.

    Args:
        folder: the run folder.
        void: also give the lines that a later resume made void.
    """
    try:
        content = (folder / "events.jsonl").read_bytes()
    except OSError:
        return
    events: list[Event] = []
    for line in content[: content.rfind(b"\n") + 1].splitlines():
        # A damaged line in the middle (a disk's fault) must not hide the ones after it.
        with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError):
            event = decode(line)
            if isinstance(event, Resumed) and not void:
                events = [e for e in events if e.step <= event.step or e.rank != event.rank]
            events.append(event)
    yield from events


def _lock(file: BinaryIO, folder: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise RunBusyError(
            f"{folder} is being written by another process",
            fix="wait until it ends, or stop it first",
            more="docs/runs.md",
        ) from error
    except OSError:
        # Some network file systems have no locks; a run there is still worth having.
        return


def _drop_cut_line(file: BinaryIO) -> int:
    """Remove an unfinished last line; returns the size that is left."""
    size = file.seek(0, os.SEEK_END)
    if size == 0:
        return 0
    tail_start = max(0, size - (1 << 16))
    file.seek(tail_start)
    tail = file.read(size - tail_start) or b""
    keep = tail_start + tail.rfind(b"\n") + 1 if b"\n" in tail else 0
    if keep != size:
        file.truncate(keep)
        file.seek(0, os.SEEK_END)
    return keep
