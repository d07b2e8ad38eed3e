"""A program in a process of its own, which is waited for: `gd check PROGRAM`, `gd why --script`.

It is Python's as under `gd run`, with our input, output and errors. Imports no torch.
"""

from __future__ import annotations

import contextlib
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from goingdeep.errors import GoingDeepError
from goingdeep.record.runs import as_typed
from goingdeep.watch.program import script

FORWARDED = (signal.SIGTERM, signal.SIGHUP)
"""Sent to us alone; Ctrl-C goes to the program by itself, for it is of the same terminal."""


def run_to_end(asked: script.Asked, *, output: int | None = None, folder: str = "") -> int:
    """Run a program watched to its end; returns its exit code, -N where signal N ended it.

    Args:
        output: a descriptor for its standard output; None for ours.
        folder: where it runs; "" for here.

    Raises:
        ScriptError, RunExistsError: it cannot be started.
    """
    try:
        with (
            contextlib.chdir(folder) if folder else contextlib.nullcontext(),
            _signals() as forward,
        ):
            words, variables = script.prepared(asked)
            program = subprocess.Popen(words, env=variables, stdout=output)  # noqa: S603 - as asked
            forward.append(program)
            return program.wait()
    except GoingDeepError:
        raise
    except OSError as error:
        raise script.cannot_start(error) from error


def folder_told(told: Path) -> Path | None:
    """Where the program says that its record is; None where it made none."""
    try:
        place = Path(told.read_text(encoding="utf-8", errors="surrogateescape"))
    except OSError:
        return None
    return as_typed(place)


@contextlib.contextmanager
def _signals() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Live through what ends the program, so that what it did is still read."""
    programs: list[subprocess.Popen[bytes]] = []

    def forward(number: int, _frame: object) -> None:
        for program in programs:
            program.send_signal(number)

    def leave(_number: int, _frame: object) -> None: ...

    before: dict[signal.Signals, Any] = {}
    # A handler of ours is not handed down; a signal that was ignored before (nohup) stays so.
    for number in (signal.SIGINT, *FORWARDED):
        if signal.getsignal(number) is not signal.SIG_IGN:
            handler = leave if number == signal.SIGINT else forward
            before[number] = signal.signal(number, handler)
    try:
        yield programs
    finally:
        for number, stood in before.items():
            signal.signal(number, stood)
