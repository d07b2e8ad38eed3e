"""What the tests of the run folder share: children that may die, and one event of every kind."""

from __future__ import annotations

import os
import signal
import sys
import warnings
from collections.abc import Callable

import pytest

from goingdeep.record import Event
from goingdeep.record.events import (
    Blob,
    Checkpointed,
    Epoch,
    Failed,
    Finished,
    FirstBatch,
    Gap,
    Interrupted,
    Losses,
    Resumed,
    Started,
    WorstErrors,
)


def in_child(work: Callable[[], object]) -> int:
    """Do something in a fork; returns its exit code, or minus the signal that ended it."""
    with warnings.catch_warnings():
        # Newer Pythons warn that a fork of a process with threads may hang; this child only writes
        # files, and never returns.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if not child:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def killed_at_line(number: int, file: str, work: Callable[[], object]) -> bool:
    """Do something in a fork that is killed before the n-th line of `file` that it comes to.

    Returns:
        Whether it came that far.
    """

    def run() -> None:
        left = number

        def trace(frame, event, _):
            nonlocal left
            if frame.f_code.co_filename != file:
                return None
            if event == "line":
                left -= 1
                if left < 0:
                    die()
            return trace

        sys.settrace(trace)
        work()

    code = in_child(run)
    assert code in {0, -signal.SIGKILL}
    return code != 0


@pytest.fixture
def events() -> list[Event]:
    """One event of every known kind, every field set."""
    image = Blob("0" * 32, "u1", (2, 1, 28, 28))
    return [
        Started(time=1.5, steps=100, device="cpu"),
        FirstBatch(time=2.0, step=0, images=image, labels=(3, 7), batch=(64, 1, 28, 28)),
        Losses(time=2.5, step=2, first=1, values=(2.302585092994046, 0.1)),
        Epoch(
            time=3.0, step=10, rank=1, epoch=1, loss=2.25, rate=0.1, scores={"test": 0.5},
            samples=640, train_seconds=1.0, test_seconds=0.25, data_wait=0.01,
        ),
        Checkpointed(time=4.0, step=10, name="step-00000010", reason="epoch", seconds=0.125),
        Interrupted(time=5.0, step=11, signal="SIGTERM"),
        Resumed(time=6.0, step=10, checkpoint="step-00000010"),
        Failed(time=7.0, step=12, error="WriteError", message="cannot write: the disk is full"),
        Gap(time=8.0, step=12, what="norms", reason="not asked for"),
        WorstErrors(time=5.5, step=11, samples=(3, 1), pictures=Blob("1" * 32, "u1", (2, 1, 8, 8))),
        Finished(time=9.0, step=20, accuracy=0.9261, seconds=12.5),
    ]  # fmt: skip
