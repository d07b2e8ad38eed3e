"""The page on a local address: live while a training runs, for this machine's own browser.

guard.py    who may read, decided before a request is routed
routes.py   what is answered
server.py   how long a browser may take
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Sequence

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from uvicorn.protocols.http.h11_impl import H11Protocol

from goingdeep.errors import GoingDeepError, printable
from goingdeep.view.guard import HEADERS, Guard, Receive, Scope, Send, refuse
from goingdeep.view.page_files import PageFiles, page_files
from goingdeep.view.routes import Routes
from goingdeep.view.trace import Trace

PATIENCE_SECONDS = 10.0
"""For a request to arrive whole."""

LEAVING_SECONDS = 60.0
"""For an answer to be taken; the largest is some megabytes, perhaps through a tunnel."""

MOST_REQUEST_BYTES = 8 << 10
MOST_CONNECTIONS = 32
"""Beyond these a request is answered with 503."""

MOST_SILENT = 4 * MOST_CONNECTIONS
"""Beyond these a connection is closed before it says anything."""


def application(
    trace: Trace, hosts: Sequence[str], token: str, page: PageFiles | None = None,
    *, neighbours: bool = False,
) -> Guard:  # fmt: skip
    """The whole server as one ASGI application.

    Args:
        trace: the run. hosts, token: as `Guard` takes them. page: by default the one in the package.
        neighbours: whether the runs beside it may be read too, to be compared with.
    """
    routes = Starlette(
        routes=Routes(trace, page or page_files(), neighbours=neighbours).all(),
        exception_handlers={GoingDeepError: _unreadable},
    )
    routes.router.redirect_slashes = False
    return Guard(routes, hosts, token)


async def _unreadable(_: Request, error: Exception) -> Response:
    """The folder was moved, or is just being replaced; it may be there again the next time."""
    first = (str(error).splitlines() or [""])[0]
    return PlainTextResponse(f"the run cannot be read now: {printable(first)}\n", 503)


async def busy(scope: Scope, _: Receive, send: Send) -> None:
    """Too many connections are open."""
    await refuse(send, 503, "too many connections", head=scope["method"] == "HEAD")


class Impatient(H11Protocol):
    """A connection that is closed where a request does not arrive whole in time, or no answer leaves.

    uvicorn's own limit begins only after an answer: one byte a minute would hold a connection, and
    so would an answer that nobody takes.
    """

    _deadline: asyncio.TimerHandle | None = None
    _leaving: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait."""
        super().connection_made(transport)
        if len(self.connections) > MOST_SILENT:
            transport.abort()
            return
        if len(self.connections) > MOST_CONNECTIONS:
            self.app = busy  # uvicorn's own answer lacks our headers
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Some of a request, or all of it."""
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._stop_waiting()  # it is whole, and being answered
        elif self._deadline is None:
            self._wait()

    def on_response_complete(self) -> None:
        """The next request may come; uvicorn waits for its first byte."""
        self._stop_waiting()
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        self._stop_waiting()
        self._stop_leaving()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """An answer waits to be taken."""
        super().pause_writing()
        self._leaving = self.loop.call_later(LEAVING_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """Nearly all of it was."""
        super().resume_writing()
        self._stop_leaving()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - as it is called
        """What is no request gets no answer that a browser could use."""
        self.transport.write(
            b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n"
            + b"".join(f"{name}: {value}\r\n".encode() for name, value in HEADERS.items())
            + b"\r\n"
        )
        self.transport.close()

    def _wait(self) -> None:
        self._deadline = self.loop.call_later(PATIENCE_SECONDS, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _stop_leaving(self) -> None:
        if self._leaving is not None:
            self._leaving.cancel()
            self._leaving = None


def made(app: Guard, ready: Callable[[], None]) -> uvicorn.Server:
    """A server that answers until it is told to stop, or meets Ctrl-C or SIGTERM.

    Args:
        app: the application. ready: called when it answers.
    """
    return _Server(
        uvicorn.Config(
            app,
            http=Impatient,
            ws="none",
            loop="asyncio",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            # What others send is nothing that the user could mend: it is answered, and not said.
            log_level=logging.ERROR,
            h11_max_incomplete_event_size=MOST_REQUEST_BYTES,
            timeout_keep_alive=5,
            timeout_graceful_shutdown=1,
        ),
        ready,
    )


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()
