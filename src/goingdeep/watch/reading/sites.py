"""Which line of the user's a call came from.

The first frame outside PyTorch, frameworks and us, counted from the call outwards; under a
framework also the framework's own line. Frames are told apart by their code object and position, so
a call site costs its lookup once and a dictionary access afterwards.
"""

from __future__ import annotations

import linecache
import os
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from goingdeep.record.event import Blob
from goingdeep.record.seen import Site, SourceText

DEEP, LIBRARY, USER = 0, 1, 2
MAX_CODES = 50_000
"""Programs that compile code at run time make new code objects for ever; beyond this we start anew."""

MAX_SITES = 5_000
MAX_SOURCE = 240

MAX_FILES = 64
MAX_FILE = 256 << 10
"""Files whose text is kept, and bytes of one; what is larger is no program that a person wrote."""

_PACKAGE = Path(__file__).parents[2]
_DEEP = (str(Path(torch.__file__).parent) + "/", str(_PACKAGE / "watch") + "/")
# `gd train` is watched like any other program: its loop is the user's line there.
_USER_OF_OURS = tuple(str(_PACKAGE / part) + "/" for part in ("train", "data", "models"))
_LIBRARY = tuple(
    {sysconfig.get_path(name) + "/" for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    | {str(_PACKAGE) + "/"}
)
_INSTALLED = ("/site-packages/", "/dist-packages/")
_user_roots: list[str] = []


def user_root(path: str | Path) -> None:
    """Count a folder as the user's although it is an installed package (`gd run -m package`)."""
    _user_roots.append(str(Path(path).absolute()) + "/")


def kind_of(filename: str) -> int:
    """DEEP (PyTorch, us), LIBRARY or USER."""
    if any(filename.startswith(root) for root in _user_roots):
        return USER
    if (
        filename.startswith(_DEEP)
        or filename.startswith("<frozen")
        or "<eval_with_key>" in filename
    ):
        return DEEP
    if filename.startswith(_USER_OF_OURS):
        return USER
    if filename.startswith(_LIBRARY) or any(part in filename for part in _INSTALLED):
        return LIBRARY
    return USER


def _lines(file: str, names: dict[str, Any]) -> list[str]:
    """The lines of a source; none of a pipe or a device, which reading would wait for or use up."""
    if os.path.exists(file) and not os.path.isfile(file):  # noqa: PTH110, PTH113 - never raise
        return []
    return linecache.getlines(file, names)


class Sites:
    """Numbers the call sites of one watcher.

    Args:
        write: told of each new site, as the fields of a `Site` event.
        keep: stores the text of a file; None where it was not stored.
    """

    def __init__(
        self,
        write: Callable[..., None],
        keep: Callable[[npt.NDArray[Any]], Blob | None] = lambda _: None,
    ) -> None:
        self._write = write
        self._keep = keep
        self._files: set[str] = set()
        self._kinds: dict[int, int] = {}  # by id of the code
        self._numbers: dict[tuple[int, int, int, int], int] = {}
        self._codes: list[CodeType] = []  # keeps the ids above from being used again
        self._by_place: dict[tuple[Any, ...], int] = {}

    def here(self, depth: int = 1) -> int:
        """The number of the user's line that led to the caller; -1 where there is none."""
        kinds = self._kinds
        frame: FrameType | None = sys._getframe(depth)  # noqa: SLF001
        via: FrameType | None = None
        while frame is not None:
            code = frame.f_code
            kind = kinds.get(id(code))
            if kind is None:
                kind = self._learn(code)
            if kind:
                if kind == USER:
                    break
                if via is None:
                    via = frame
            frame = frame.f_back
        if frame is None:
            if via is None:
                return -1
            frame, via = via, None
        if via is None:
            key = (id(frame.f_code), frame.f_lasti, 0, 0)
        else:
            key = (id(frame.f_code), frame.f_lasti, id(via.f_code), via.f_lasti)
        number = self._numbers.get(key)
        return number if number is not None else self._new(key, frame, via)

    def of_making(self, depth: int) -> int:
        """The line that makes an object, past the `__init__` of its class and of those above it.

        Args:
            depth: 1 for the caller's own frame.
        """
        depth += 1
        frame = sys._getframe(depth)  # noqa: SLF001
        while frame.f_code.co_name == "__init__" and frame.f_back is not None:
            depth, frame = depth + 1, frame.f_back
        return self.here(depth + 1)

    def of_traceback(self, error: BaseException) -> int:
        """The user's line nearest to where an error was raised; -1 where there is none."""
        trace, found = error.__traceback__, None
        while trace is not None:
            if self._learn(trace.tb_frame.f_code) == USER:
                found = trace
            trace = trace.tb_next
        if found is None:
            return -1
        code = found.tb_frame.f_code
        return self._place(code.co_filename, found.tb_lineno, code, found.tb_frame, None)

    def of_code(self, code: CodeType) -> int:
        """The number of the line where a function begins."""
        place = (code.co_filename, code.co_firstlineno, None, None)
        known = self._by_place.get(place)
        if known is not None or len(self._by_place) >= MAX_SITES:
            return -1 if known is None else known
        return self._write_new(place, code, {}, {})

    def _learn(self, code: CodeType) -> int:
        if len(self._kinds) > MAX_CODES:
            self._kinds.clear()
            self._numbers.clear()
            self._codes.clear()
        kind = self._kinds.get(id(code))
        if kind is None:
            kind = self._kinds[id(code)] = kind_of(code.co_filename)
            self._codes.append(code)
        return kind

    def _new(self, key: tuple[int, int, int, int], frame: FrameType, via: FrameType | None) -> int:
        code = frame.f_code
        number = self._place(code.co_filename, frame.f_lineno, code, frame, via)
        if number >= 0:
            self._numbers[key] = number
        return number

    def _place(
        self, file: str, line: int, code: CodeType, frame: FrameType, via: FrameType | None
    ) -> int:
        # Two calls on one line are one place for the reader.
        place = (file, line, via and via.f_code.co_filename, via and via.f_lineno)
        number = self._by_place.get(place)
        if number is None:
            if len(self._by_place) >= MAX_SITES:
                return -1
            through = (
                {
                    "via_file": via.f_code.co_filename,
                    "via_line": via.f_lineno,
                    "via_function": via.f_code.co_qualname,
                }
                if via is not None
                else {}
            )
            number = self._write_new(place, code, frame.f_globals, through)
        return number

    def _write_new(
        self, place: tuple[Any, ...], code: CodeType, names: dict[str, Any], through: dict[str, Any]
    ) -> int:
        file, line = place[:2]
        number = self._by_place[place] = len(self._by_place)
        self._text_of(file, names)
        lines = _lines(file, names)
        source = lines[line - 1].strip()[:MAX_SOURCE] if 0 < line <= len(lines) else ""
        self._write(
            Site, id=number, file=file, line=line, function=code.co_qualname, source=source,
            **through,
        )  # fmt: skip
        return number

    def _text_of(self, file: str, names: dict[str, Any]) -> None:
        """Keep a file as it is now: it may be changed before anybody looks at the record."""
        if file in self._files or len(self._files) >= MAX_FILES or kind_of(file) != USER:
            return
        self._files.add(file)
        lines = _lines(file, names)
        text = "".join(lines).encode("utf-8", "backslashreplace")
        kept = self._keep(np.frombuffer(text, np.uint8)) if 0 < len(text) <= MAX_FILE else None
        if kept is not None:
            self._write(SourceText, file=file, text=kept)
