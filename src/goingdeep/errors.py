"""Every error Going Deep raises.

    GoingDeepError
    ├── DataError (ValueError)                    images or labels that cannot be used
    │   ├── DataNotFoundError (FileNotFoundError)     nothing at that path, or nothing usable in it
    │   ├── ImageError                                one picture that cannot be read
    │   ├── LabelError                                labels missing, out of range or not numbers
    │   ├── ShapeError                                sizes, channels or axes that do not fit
    │   └── ChecksumError                             a file that is not the one that was published
    ├── DownloadError (ConnectionError)           a data set could not be fetched
    ├── SettingsError (ValueError)                a setting with a value it cannot have
    │   └── UnknownNameError (LookupError)            no such data set, model, recipe or key
    ├── ScriptError (ValueError)                  a program that cannot be started
    │   └── ScriptNotFoundError (FileNotFoundError)   there is none of that name
    ├── DeviceError (RuntimeError)                the device asked for is not there
    ├── RunError (RuntimeError)                   a run folder that cannot be used
    │   ├── RunNotFoundError (FileNotFoundError)      no run there
    │   ├── RunFormatError (ValueError)               damaged, or written by a newer version
    │   ├── RunBusyError (BlockingIOError)            somebody else is writing to it
    │   ├── RunExistsError (FileExistsError)          the folder is already in use
    │   ├── RunChangedError (ValueError)              data or settings are not those it began with
    │   └── WatchError                                this program cannot be watched now
    ├── WriteError (OSError)                      disk full, read-only, not allowed
    ├── LessonError (RuntimeError)                an experiment of gd why failed by a fault of ours
    └── NonFiniteError (FloatingPointError)       loss, gradient or weight became NaN or infinite

Each error says what happened in its first line, which stands alone, and then, where the data shows
it, where, why, how to mend it and where to read more. Each class also inherits the nearest builtin,
so `except ValueError` works for somebody who does not know us.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Self

LONGEST_NAME = 80
"""Characters of an unknown name that are said back: one can be a whole file by mistake."""

LONGEST_LIST = 200
"""Characters of the names there are: a longer list hides the rest of the error."""


class GoingDeepError(Exception):
    """An error that explains itself in up to five lines.

    Args:
        message: subject, expected, got; one line that stands alone.
        where: the place in the user's data, settings or model.
        why: the likely reason; only when the data shows it.
        fix: something that can be pasted or done.
        more: a page under docs/ or a command.
    """

    def __init__(
        self, message: str, *, where: str = "", why: str = "", fix: str = "", more: str = ""
    ) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.why = why
        self.fix = fix
        self.more = more

    def __str__(self) -> str:
        lines = [one_line(self.message)]
        for label, text in (
            ("where", self.where), ("why", self.why), ("fix", self.fix), ("more", self.more),
        ):  # fmt: skip
            if text:
                lines.append(f"  {label + ':':<6} {one_line(text)}")
        return "\n".join(lines)


class DataError(GoingDeepError, ValueError):
    """Images or labels cannot be used."""


class DataNotFoundError(DataError, FileNotFoundError):
    """There is nothing at that path, or nothing usable in it."""


class ImageError(DataError):
    """One picture cannot be read."""


class LabelError(DataError):
    """Labels are missing, out of range or not numbers."""


class ShapeError(DataError):
    """Sizes, channels or axes do not fit."""


class ChecksumError(DataError):
    """A file is not the one that was published."""


class DownloadError(GoingDeepError, ConnectionError):
    """A data set could not be fetched."""


class SettingsError(GoingDeepError, ValueError):
    """A setting has a value it cannot have."""


class UnknownNameError(SettingsError, LookupError):
    """There is no data set, model, recipe or key of that name."""

    @classmethod
    def of(cls, kind: str, name: str, known: Iterable[str], *, more: str = "") -> Self:
        """Say which names there are, the nearest first."""
        names = sorted(known)
        name = name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}..."
        near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
        listed = ", ".join(names)
        short = len(listed) <= LONGEST_LIST or not more
        all_of_them = f"use one of: {listed}" if short else f"see all {len(names)} of them: {more}"
        fix = f"did you mean {near[0]}?" if near else all_of_them
        why = f"known: {listed}" if near and short else ""
        return cls(f"there is no {kind} called {name!r}", why=why, fix=fix, more=more)


class ScriptError(GoingDeepError, ValueError):
    """A program cannot be started."""


class ScriptNotFoundError(ScriptError, FileNotFoundError):
    """There is no program of that name."""


class DeviceError(GoingDeepError, RuntimeError):
    """The device asked for is not there."""


class RunError(GoingDeepError, RuntimeError):
    """A run folder cannot be used."""


class RunNotFoundError(RunError, FileNotFoundError):
    """There is no run there."""


class RunFormatError(RunError, ValueError):
    """A run folder is damaged, or was written by a newer version."""


class RunBusyError(RunError, BlockingIOError):
    """Another process is writing to the run."""


class RunExistsError(RunError, FileExistsError):
    """The folder for a new run is already in use."""


class RunChangedError(RunError, ValueError):
    """Data or settings are not those the run began with."""


class WatchError(RunError):
    """This program cannot be watched now."""


class WriteError(GoingDeepError, OSError):
    """The disk is full or read-only, or writing is not allowed there."""


class LessonError(GoingDeepError, RuntimeError):
    """An experiment of `gd why` failed by a fault of ours."""


class NonFiniteError(GoingDeepError, FloatingPointError):
    """The loss, a gradient or a weight became NaN or infinite."""


def printable(text: str) -> str:
    r"""Make any string safe to print in a terminal.

    File and class names come from anywhere: an escape sequence in one could recolour or rewrite the
    terminal, and a lone surrogate cannot be encoded at all.

    >>> printable("shoe\x1b[31m")
    'shoe\\x1b[31m'
    """
    return "".join(
        c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode("ascii")
        for c in text
    )


def one_line(text: str) -> str:
    r"""Safe to print, and one line: a line's end in a name must not forge a line of ours.

    >>> one_line("shoe\nfix: rm -r")
    'shoe\\nfix: rm -r'
    """
    return printable(text).replace("\n", r"\n")
