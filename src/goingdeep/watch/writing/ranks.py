"""One folder for all processes of a distributed run.

The first rank of a machine makes the folder, and leaves beside it a small file that says where;
the others wait for it. They know the file's name because all of them have the same parent process
(torchrun, or a program that spawned them) and meet at the same port.
"""

from __future__ import annotations

import os
import re
import socket
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from goingdeep.record.encoding import UNREADABLE, to_json
from goingdeep.record.files import write_atomic
from goingdeep.record.runs import is_run

PATIENCE = 30.0
"""Seconds: the first rank comes to the same import at about the same time."""

_meetings = 0
"""How often this process has looked for others; the ranks of one job count alike."""


@dataclass
class Seat:
    """The place of this process among those of its job.

    folder: that of the rank that came first; None for that rank itself, and where there are no
    others. gaps: what to say about it in the record.
    """

    rank: int = 0
    first: bool = True
    folder: Path | None = None
    gaps: list[tuple[str, str]] = field(default_factory=list)
    _pointer: Path | None = None

    def publish(self, folder: Path) -> None:
        """Tell the other ranks where this one writes."""
        if self._pointer is not None:
            for left in self._pointer.parent.glob(f"{_of_this_machine()}*"):
                if _read(left) is None:  # by a rank that was killed
                    left.unlink(missing_ok=True)
            place = _Place(str(folder.absolute()), os.getpid(), _started(os.getpid()))
            write_atomic(self._pointer, to_json(place))

    def leave(self) -> None:
        """The job is over for this process: take back what `publish` told."""
        if self._pointer is not None and self.folder is None:
            self._pointer.unlink(missing_ok=True)


class _Place(msgspec.Struct, frozen=True):
    folder: str
    process: int
    started: str


def take_seat(runs: Path) -> Seat:
    """Find out which rank this process is, and where the first one of its machine writes.

    Args:
        runs: the folder in which the run folder is, or will be.
    Changes:
        Waits up to `PATIENCE` seconds where another rank makes the folder.
    """
    rank, size = rank_and_size()
    if size < 2:
        return Seat()
    global _meetings  # noqa: PLW0603 - counts what this process does
    _meetings += 1
    pointer = runs / _pointer_name(_meetings)
    # Without LOCAL_RANK all ranks are taken to be on this machine.
    if _number("LOCAL_RANK", rank) == 0:
        gaps = [("other machines", "a run holds the ranks of one machine")] if rank else []
        return Seat(rank, rank == 0, None, gaps, pointer)
    folder = _wait_for(pointer, runs)
    if folder is not None:
        return Seat(rank, False, folder)
    reason = "the first rank did not say where it writes: this one has a folder of its own"
    return Seat(rank, False, None, [("other ranks", reason)])


def rank_and_size() -> tuple[int, int]:
    """Which process of how many this is; (0, 1) where it is alone."""
    distributed = sys.modules.get("torch.distributed")
    if distributed is not None and distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank(), distributed.get_world_size()
    rank, size = _number("RANK", -1), _number("WORLD_SIZE", 1)
    return (rank, size) if 0 <= rank < size else (0, 1)


def _number(name: str, otherwise: int) -> int:
    text = os.environ.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() else otherwise


def _pointer_name(meeting: int) -> str:
    told = [os.environ.get(name, "") for name in ("MASTER_PORT", "TORCHELASTIC_RESTART_COUNT")]
    job = "-".join([str(os.getppid()), *told, str(meeting)])
    return _of_this_machine() + _plain(job)


def _of_this_machine() -> str:
    return f".job-{_plain(socket.gethostname())}-"


def _plain(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9.-]", "_", text)


def _wait_for(pointer: Path, runs: Path) -> Path | None:
    until = time.monotonic() + PATIENCE
    while True:
        folder = _read(pointer)
        # Where this process may not write, neither may the first one, and will never say anything.
        closed = runs.exists() and not os.access(runs, os.W_OK)
        if folder is not None or closed or time.monotonic() > until:
            return folder
        time.sleep(0.02)


def _read(pointer: Path) -> Path | None:
    """Where a rank that still lives writes; None for what a killed one left."""
    try:
        place = msgspec.json.decode(pointer.read_bytes(), type=_Place)
    except (OSError, *UNREADABLE):
        return None
    alive = place.started == _started(place.process)
    return Path(place.folder) if alive and is_run(Path(place.folder)) else None


def _started(process: int) -> str:
    """When a process began, as far as the system tells; "" for one that is not there."""
    try:
        # In /proc the name, in brackets, may hold anything: count from its end.
        facts = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
        return facts.rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        pass
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return ""
    except OSError:
        pass
    return "alive"
