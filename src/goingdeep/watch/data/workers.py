"""What the workers of a loader say about their random numbers (reporter.py says it).

While an iterator starts its workers, a `Reporter` stands in the loader's `worker_init_fn`; it is
taken out again before the iterator is handed to the program.
"""

from __future__ import annotations

import contextlib
import itertools
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from goingdeep.record.encoding import UNREADABLE
from goingdeep.record.files import TEMPORARY
from goingdeep.record.seen import Worker
from goingdeep.watch.data.reporter import Reporter

if TYPE_CHECKING:
    from goingdeep.watch.writing.recorder import Recorder

MAX_PASSES = 8
"""Passes of one loader whose workers are asked. What they have in common has shown by then."""

MAX_WORKERS = 64
_MAX_BYTES = 1 << 20
_numbers = itertools.count()


class _Line(msgspec.Struct):
    worker: int
    torch: str = ""
    numpy: str = ""
    python: str = ""
    moved: dict[str, bool] | None = None


def ask(loader: Any, folder: Path | None) -> Reporter | None:
    """Put a reporter into a loader that is about to start workers; None where that is not possible.

    Changes: `loader.worker_init_fn`, until `unask`.
    """
    own = getattr(loader, "__dict__", None)
    # A class that answers for itself is left alone, and so is another thread's reporter.
    if folder is None or not isinstance(own, dict) or "worker_init_fn" not in own:
        return None
    given = own["worker_init_fn"]
    if isinstance(given, Reporter):
        return None
    path = folder.absolute() / f"{TEMPORARY}workers-{os.getpid()}-{next(_numbers)}"
    try:
        path.touch()
    except OSError:
        return None
    # Not by setattr: a loader's own may refuse, or do more than set.
    own["worker_init_fn"] = reporter = Reporter(given, str(path))
    return reporter


def unask(loader: Any, iterator: Any, reporter: Reporter) -> None:
    """Give the loader and its iterator the user's own function back."""
    for owner, name in ((loader, "worker_init_fn"), (iterator, "_worker_init_fn")):
        own = getattr(owner, "__dict__", None)
        if isinstance(own, dict) and own.get(name) is reporter:
            own[name] = reporter.given


def tell(recorder: Recorder, path: str, loader: int, number: int) -> None:
    """Write what the workers said, and remove the file. number: of the loader's pass, from 1."""
    try:
        with Path(path).open("rb") as file:
            content = file.read(_MAX_BYTES)
    except OSError:
        return
    finally:
        drop(path)
    states: dict[int, _Line] = {}
    moved: dict[int, dict[str, bool]] = {}
    for text in content.splitlines():
        with contextlib.suppress(*UNREADABLE):
            line = msgspec.json.decode(text, type=_Line)
            if line.moved is not None:
                moved[line.worker] = line.moved
            else:
                states[line.worker] = line
    for worker, line in sorted(states.items())[:MAX_WORKERS]:
        used = moved.get(worker, {})
        recorder.event(
            Worker, loader=loader, number=number, worker=worker, torch=line.torch,
            numpy=line.numpy, python=line.python, numpy_used=used.get("numpy", False),
            python_used=used.get("python", False),
        )  # fmt: skip


def drop(path: str) -> None:
    """Remove the file; workers that are late find nothing to write to."""
    with contextlib.suppress(OSError):
        os.unlink(path)  # noqa: PTH108 - may be called while the interpreter ends
