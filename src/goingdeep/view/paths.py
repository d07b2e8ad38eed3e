"""Paths as they may leave this machine: short, and without a home folder's name in them.

Compared as text only: a record may be from anywhere, and no path in it is looked up on disk.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from goingdeep.record.runs import here
from goingdeep.show.names import inside_package, short_files

LONGEST = 200
LONGEST_TEXT = 4_000
KEPT_PARTS = 2
"""Of a path that lies elsewhere."""


class Paths:
    """What to call each file of a record. No two get the same name.

    Args:
        files: as the record has them.
        folder: the one that paths are shown relative to.
    """

    def __init__(self, files: Iterable[str] = (), folder: Path | None = None) -> None:
        self._here = str(folder or here()).rstrip("/") + "/"
        self._shown: dict[str, str] = {}
        self._taken: set[str] = set()
        self.add(files)

    def add(self, files: Iterable[str]) -> None:
        """Name more files; those that have a name keep it."""
        new = [file for file in dict.fromkeys(files) if file not in self._shown]
        ends = short_files(new)
        for file in new:
            name = self._own(file) or ends[file]
            name = name[-LONGEST:].lstrip("/")
            number = 2
            free = name
            while free in self._taken:
                free, number = f"{name} ({number})", number + 1
            self._taken.add(free)
            self._shown[file] = free

    def __getitem__(self, file: str) -> str:
        if file not in self._shown:
            self.add([file])
        return self._shown[file]

    def _own(self, file: str) -> str:
        if file.startswith("<"):
            return file
        inside = inside_package(file)
        if not inside and file.startswith(self._here):
            return file.removeprefix(self._here)
        return inside


def without_home(text: str, folder: Path | None = None, home: Path | None = None) -> str:
    """A text in which the current folder is left out of paths, and the home folder is `~`.

    >>> without_home("no file /u/ada/w/a.txt in /u/ada", Path("/u/ada/w"), Path("/u/ada"))
    'no file a.txt in ~'
    """
    # Not Path.home(): a container's user often has none, and that one raises.
    own = str(home or os.path.expanduser("~"))  # noqa: PTH111
    for left_out, instead in ((str(folder or here()), ""), (own, "~")):
        if len(left_out) < 2 or left_out not in text:
            continue
        place = re.escape(left_out.rstrip("/"))
        inside = f"{instead}/" if instead else ""
        text = re.sub(rf"(?<![\w.~-]){place}/", lambda _, i=inside: i, text)  # type: ignore[misc]
        text = re.sub(rf"(?<![\w.~-]){place}(?![\w.-])", lambda _, i=instead: i or ".", text)  # type: ignore[misc]
    return text


def fit(content: Any) -> Any:
    """Data with every text in it made fit to leave: no home folder, of a path its last parts."""
    if isinstance(content, str):
        text = without_home(content[:LONGEST_TEXT])
        if text.startswith("/") and "\n" not in text:
            return "/".join(text.split("/")[-KEPT_PARTS:])
        return text
    if isinstance(content, dict):
        return {fit(key): fit(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return type(content)(fit(value) for value in content)
    if isinstance(content, msgspec.Struct):
        names = content.__struct_fields__
        return msgspec.structs.replace(content, **{n: fit(getattr(content, n)) for n in names})
    return content
