"""Standard output and error as the command uses them: any encoding, closed, full or gone."""

from __future__ import annotations

import contextlib
import io
import os
import sys

from goingdeep.errors import WriteError, printable


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
