"""What is answered to whom the guard let through: the page itself, and the runs."""

from __future__ import annotations

import asyncio
import re
import time
import weakref
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from goingdeep.record.encoding import to_json
from goingdeep.view.beside import Others
from goingdeep.view.page_files import PageFiles
from goingdeep.view.single import put_together
from goingdeep.view.trace import MOST_PAGE, Trace

REFRESH_SECONDS = 0.5
"""A run is read again at most so often, however many pages ask."""

_HASH = re.compile(r"[0-9a-f]{32}")
_SEQ = re.compile(r"-1|[0-9]{1,12}")


class Routes:
    """What is answered, of one run and of those that it can be compared with.

    Args:
        trace: the run. page: the built page. neighbours: whether the runs beside it may be read.
    """

    def __init__(self, trace: Trace, page: PageFiles, *, neighbours: bool = False) -> None:
        self._trace = trace
        self._page = page
        self._others = Others(trace, neighbours=neighbours)
        self._read_at: weakref.WeakKeyDictionary[Trace, float] = weakref.WeakKeyDictionary()
        self._building = asyncio.Lock()
        self._built: tuple[object, bytes] | None = None

    def all(self) -> list[Route]:
        """Every route there is."""
        return [
            Route("/", self._text("html", "text/html")),
            Route("/page.css", self._text("css", "text/css")),
            Route("/page.js", self._text("js", "text/javascript")),
            Route("/api/manifest", self._of_run(_manifest)),
            Route("/api/events", self._of_run(_events)),
            Route("/api/page", self._page_of_run),
            Route("/api/runs", self._runs),
            Route("/api/other/{id}/manifest", self._of_run(_manifest)),
            Route("/api/other/{id}/events", self._of_run(_events)),
            Route("/api/other/{id}/page", self._page_of_run),
            Route("/api/blob/{ref}", self._blob),
        ]

    def _text(self, part: str, media: str) -> Callable[[Request], Any]:
        content = getattr(self._page, part)

        async def answer(_: Request) -> Response:
            return Response(content, media_type=media)

        return answer

    async def _asked_for(self, request: Request) -> Trace | None:
        """The run that a path names, as it is now: that of the server, or another."""
        ref = request.path_params.get("id")
        trace = self._trace if ref is None else await self._others.get(ref)
        now = time.monotonic()
        # Nothing is waited for while a run is read: one request after the other reads it.
        if (
            trace is not None
            and now - self._read_at.get(trace, -REFRESH_SECONDS) >= REFRESH_SECONDS
        ):
            trace.refresh()
            self._read_at[trace] = time.monotonic()
        return trace

    def _of_run(self, say: Callable[[Trace, Request], Response]) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            trace = await self._asked_for(request)
            return _nothing() if trace is None else say(trace, request)

        return answer

    async def _blob(self, request: Request) -> Response:
        ref = request.path_params["ref"]
        if not _HASH.fullmatch(ref):
            return _nothing()
        content = self._trace.blob(ref)
        content = self._others.blob(ref) if content is None else content
        if content is None:
            return _nothing()
        return Response(content, media_type="application/octet-stream")

    async def _runs(self, _: Request) -> Response:
        """Those beside this one, to choose from."""
        return Response(to_json(await self._others.listed()), media_type="application/json")

    async def _page_of_run(self, request: Request) -> Response:
        """The page as one file, as `--html` writes it: alone, or beside another run."""
        other = None
        if "id" in request.path_params:
            other = await self._asked_for(request)
            if other is None:
                return _nothing()
        async with self._building:
            both = [self._trace] if other is None else [self._trace, other]
            key = [(one.folder, one.identity, one.revision, len(one.events)) for one in both]
            if self._built is None or self._built[0] != key:
                runs = self._trace.now(), None if other is None else other.now()
                whole = await asyncio.to_thread(put_together, *runs, page=self._page)
                self._built = key, whole.html.encode()
            content = self._built[1]
        return Response(content, media_type="application/octet-stream")


def _manifest(trace: Trace, _: Request) -> Response:
    return Response(to_json(trace.manifest()), media_type="application/json")


def _events(trace: Trace, request: Request) -> Response:
    asked = request.query_params.get("after", "-1")
    if not _SEQ.fullmatch(asked):
        return PlainTextResponse("after expects a whole number from -1\n", 400)
    found, following = trace.after(int(asked))
    body = b'{"events":[%s],"next":%d,"more":%s,"revision":"%s","run":"%s"}' % (
        b",".join(shaped.json for shaped in found), following,
        b"true" if len(found) == MOST_PAGE else b"false",
        trace.revision.encode(), trace.identity.encode(),
    )  # fmt: skip
    return Response(body, media_type="application/json")


def _nothing() -> Response:
    return PlainTextResponse("there is nothing here\n", 404)
