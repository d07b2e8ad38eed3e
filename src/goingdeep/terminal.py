"""A command's words in and out: empty names, output that is closed or full, any encoding, new files."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import sys
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from typing import NoReturn, TextIO

from goingdeep.errors import RunExistsError, SettingsError, WriteError, printable
from goingdeep.words import fold


def prepare_streams() -> None:
    """A class name that the terminal's encoding lacks, or a closed stream, must not end a run."""
    # Python sets a stream to None that was closed by the shell (gd train >&-).
    sys.stdout = sys.stdout or io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    sys.stderr = sys.stderr or io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def say(text: str, end: str = "\n") -> None:
    """Print and flush: a full disk is met here, not when Python ends.

    Raises:
        BrokenPipeError: the reader has gone. WriteError: the output takes no more.
    """
    try:
        sys.stdout.write(text + end)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise output_error(error) from error


def output_error(error: OSError) -> WriteError:
    """Standard output is a file on a full disk, or a device that takes no more.

    Changes: standard output, which goes nowhere from now on.
    """
    abandon_stdout()
    return WriteError(
        f"the output cannot be written: {(error.strerror or str(error)).lower()}",
        why="it goes to a file or device that takes no more",
        fix="send it elsewhere; what the command had to do is done",
        more="docs/runs.md",
    )


def abandon_stdout() -> None:
    """Let what is still to be printed go nowhere, so that Python's own flush does not complain."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def refuse_existing(path: str | Path, *, more: str, fix: str = "choose another name") -> None:
    """Raise where something stands at a path: what the user has is never overwritten.

    Raises:
        RunExistsError: it does.
    """
    if os.path.lexists(path):
        raise RunExistsError(f"{printable(str(path))} is there already", fix=fix, more=more)


NAMES = {
    "--baseline": "FILE", "--config": "FILE", "--device": "cpu", "--fail-on": "warning",
    "--format": "text", "--host": "ADDRESS", "--html": "FILE", "--model": "NAME", "--out": "DIR",
    "--output": "FILE", "--picture": "FILE", "--recipe": "NAME", "--resize": "pad", "--with": "RUN",
}  # fmt: skip
"""Options that hold a name, and what stands after each; numbers say for themselves what they expect."""


def refuse_empty(words: Sequence[str]) -> None:
    """Raise where an option of ours is given an empty name: `--out "$DIR"`, and DIR is not set.

    Args:
        words: of the command; those after `--` are not ours.
    Raises:
        SettingsError: one is.

    >>> refuse_empty(["check", "--out", "run", "--", "train.py", "--out", ""])
    """
    for word, after in zip_longest(words, words[1:]):
        if word == "--":
            return
        name, equals, value = word.partition("=")
        if name in NAMES and (value if equals else after) == "":
            raise SettingsError(
                f"{name} expects a name after it, got an empty one",
                fix=f"{name} {NAMES[name]}, or leave {name} out",
                more="gd --help",
            )


def write_new(path: Path, text: str) -> None:
    """Write a file that does not exist yet; what the user has is never overwritten.

    Raises:
        RunExistsError: it is there. WriteError: it cannot be written; no part of it is left.
    """
    begun = False
    try:
        with path.open("x", encoding="utf-8", errors="backslashreplace") as file:
            begun = True
            file.write(text)
    except FileExistsError as error:
        raise RunExistsError(
            f"{printable(str(path))} is there already",
            fix="choose another name",
            more="docs/runs.md",
        ) from error
    except OSError as error:
        if begun:
            with contextlib.suppress(OSError):
                path.unlink()
        # Only here: with record/ comes numpy, and each `gd --help` would wait for it.
        from goingdeep.record.files import write_error

        refused = write_error(path, error)
        refused.fix = "choose another place: --output FILE"
        raise refused from error


def fail(text: str) -> NoReturn:
    """End the command with an error that is the user's to mend: exit code 2."""
    sys.stderr.write(f"{fitted(text, sys.stderr)}\n")
    sys.exit(2)


def fitted(text: str, stream: TextIO | None) -> str:
    """An error or a finding, folded where it goes to a terminal; a file or a pipe gets it as it is."""
    try:
        in_terminal = stream is not None and stream.isatty()
    except Exception:  # noqa: BLE001 - the stream may be a program's own, and raise anything
        in_terminal = False
    return fold(text, shutil.get_terminal_size().columns) if in_terminal else text


class Speaker:
    """Prints while work goes on: notes at once, progress as one line that is written over."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._percent = -1

    def say(self, text: str) -> None:
        """Print a note."""
        # Whoever read our lines may have gone (gd train | head): the run goes on without them.
        if not self._quiet:
            with contextlib.suppress(OSError):
                sys.stdout.write(f"{text}\n")
                sys.stdout.flush()

    def progress(self, what: str, done: int, total: int) -> None:
        """Told by whoever reads or fetches; shown in a terminal only, on the error stream."""
        if self._quiet or not sys.stderr.isatty() or total <= 0:
            return
        percent = 100 * done // total
        if percent != self._percent:
            self._percent = percent
            end = "\n" if done >= total else ""
            sys.stderr.write(f"\r{printable(what)} {percent:>3} %{end}")
            sys.stderr.flush()
