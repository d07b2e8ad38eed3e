"""The runs that a page can put beside the one it shows: the one that was named, and its neighbours.

What a page asks for is compared with the names of what is there: no path is made of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Iterator
from pathlib import Path

from goingdeep.errors import GoingDeepError
from goingdeep.record import read_manifest
from goingdeep.record.runs import is_run
from goingdeep.view.contract import Beside
from goingdeep.view.limits import refuse_large
from goingdeep.view.paths import fit
from goingdeep.view.stamps import named
from goingdeep.view.trace import Trace

GIVEN = "given"
"""What the run is asked for by that the user named."""

MOST_LOOKED_AT = 5_000
"""Names in the folder around the run."""

MOST_LISTED = 200
MOST_OPEN = 2
"""Chosen runs that are held; one that was chosen before is read again."""


class Others:
    """The runs that one can be compared with, each read when it is first asked for.

    Args:
        trace: the run that is shown. neighbours: whether those in the same folder may be read too.
    """

    def __init__(self, trace: Trace, *, neighbours: bool) -> None:
        self._trace = trace
        self._neighbours = neighbours
        self._open: dict[str, Trace] = {}
        self._opening = asyncio.Lock()

    async def listed(self) -> list[Beside]:
        """The neighbours, the newest first."""
        return await asyncio.to_thread(self._listed)

    async def get(self, ref: str) -> Trace | None:
        """A run by its id; None where there is none of that id.

        Raises:
            RunNotFoundError, RunFormatError: it is damaged.
        """
        if ref == GIVEN:
            return self._trace.other
        async with self._opening:
            found = self._open.pop(ref, None)
            if found is None:
                found = await asyncio.to_thread(self._read, ref)
            if found is not None:
                self._open[ref] = found  # the newest last
                for old in list(self._open)[:-MOST_OPEN]:
                    del self._open[old]
            return found

    def blob(self, ref: str) -> bytes | None:
        """The bytes that a hash stands for, in one of those that are held."""
        found = (trace.blob(ref) for trace in self._open.values())
        return next((content for content in found if content is not None), None)

    def _listed(self) -> list[Beside]:
        found = []
        for ref, folder in self._folders():
            with contextlib.suppress(GoingDeepError):
                refuse_large(folder)
                run = read_manifest(folder)
                found.append(Beside(ref, fit(run.name), run.created))
        return sorted(found, key=lambda run: run.created, reverse=True)[:MOST_LISTED]

    def _read(self, ref: str) -> Trace | None:
        folder = dict(self._folders()).get(ref)
        return self._trace.beside(folder) if folder is not None else None

    def _folders(self) -> Iterator[tuple[str, Path]]:
        if not self._neighbours:
            return
        own = self._trace.folder.absolute()
        with contextlib.suppress(OSError):
            for path in itertools.islice(own.parent.iterdir(), MOST_LOOKED_AT):
                if path.name != own.name and not path.is_symlink() and is_run(path):
                    yield named(path.name), path
