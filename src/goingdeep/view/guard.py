"""Who may read from the local server: decided in one place, before anything is routed.

A page that the user has open in the same browser can send requests to this address too, and a name
that its owner lets point here (DNS rebinding) makes them look as if they came from that name. So
the name must be ours, a foreign origin is refused, and the run itself is given only to who holds
the token, which no other page can read.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Refused = tuple[int, str]
"""The status with which a request is refused, and why."""

App = Callable[[Scope, Receive, Send], Awaitable[None]]

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}
"""On every answer, whatever it says."""

API = "/api/"
MOST_HEADERS = 8 << 10
"""Bytes; a browser sends about one thousand."""

LONGEST_TARGET = 256
"""Characters of a path or query; ours have at most 60."""

_PLAIN = re.compile(rb"/[A-Za-z0-9_./-]*")


class Guard:
    """Lets a request through to the routes, or answers it itself.

    Args:
        app: what answers those that are let through.
        hosts: names with port under which this server is known ("127.0.0.1:8123").
        token: what the page has to show for anything about the run.
    """

    def __init__(self, app: App, hosts: Iterable[str], token: str) -> None:
        self._app = app
        self._hosts = frozenset(hosts)
        self._token = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        status, why = self.verdict(scope)
        if status:
            await refuse(send, status, why, head=scope["method"] == "HEAD")
        else:
            await self._app(scope, receive, _with_headers(send))

    def verdict(self, scope: Scope) -> tuple[int, str]:
        """The status with which a request is refused, and why; (0, "") lets it through."""
        headers: dict[bytes, list[bytes]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.lower(), []).append(value)
        if sum(len(name) + len(value) for name, value in scope["headers"]) > MOST_HEADERS:
            return 431, "the headers are too long"
        if any(len(values) > 1 for values in headers.values()):
            return 400, "a header is there twice"
        one = {name: values[0].decode("latin-1") for name, values in headers.items()}
        for refused in (self._by_kind(scope, one), self._by_asker(one), self._by_target(scope)):
            if refused:
                return refused
        if scope["path"].startswith(API) and not self._knows(one.get(b"authorization", "")):
            return 401, "the address needs its token: open the one that gd view printed"
        return 0, ""

    def _by_kind(self, scope: Scope, headers: dict[bytes, str]) -> Refused | None:
        if scope["method"] not in {"GET", "HEAD"}:
            return 405, "this server only answers GET"
        if headers.get(b"content-length", "0") != "0" or b"transfer-encoding" in headers:
            return 413, "a request here has no body"
        return None

    def _by_asker(self, headers: dict[bytes, str]) -> Refused | None:
        if headers.get(b"host", "") not in self._hosts:
            return 403, "this server has another name"
        origin = headers.get(b"origin")
        if origin is not None and origin not in {f"http://{host}" for host in self._hosts}:
            return 403, "asked by another page"
        if headers.get(b"sec-fetch-site", "none") not in {"same-origin", "none"}:
            return 403, "asked by another page: open the address yourself"
        return None

    def _by_target(self, scope: Scope) -> Refused | None:
        raw = scope.get("raw_path") or scope["path"].encode()
        # What is escaped, or leads upwards, is no path of ours: no second reading of it is needed.
        if len(raw) > LONGEST_TARGET or not _PLAIN.fullmatch(raw) or b".." in raw:
            return 404, "there is nothing here"
        if len(scope.get("query_string", b"")) > LONGEST_TARGET:
            return 414, "the query is too long"
        return None

    def _knows(self, shown: str) -> bool:
        kind, _, token = shown.partition(" ")
        # Compared in the same time wherever they differ.
        return hmac.compare_digest(token.encode("latin-1"), self._token) and kind == "Bearer"


async def refuse(send: Send, status: int, why: str, *, head: bool) -> None:
    """Answer with a status and why, and nothing of the run. head: without the words."""
    body = f"{why}\n".encode()
    headers = {
        **HEADERS,
        "content-type": "text/plain; charset=utf-8",
        "content-length": str(len(body)),
        **({"allow": "GET, HEAD"} if status == 405 else {}),
        **({"www-authenticate": "Bearer"} if status == 401 else {}),
        # What follows of a body that was not asked for must not be read as a request.
        **({"connection": "close"} if status in {400, 405, 413, 503} else {}),
    }
    await send({"type": "http.response.start", "status": status, "headers": _raw(headers)})
    await send({"type": "http.response.body", "body": b"" if head else body})


def _with_headers(send: Send) -> Send:
    async def sending(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            own = [pair for pair in message["headers"] if pair[0].decode().lower() not in HEADERS]
            message = {**message, "headers": [*own, *_raw(HEADERS)]}
        await send(message)

    return sending


def _raw(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in headers.items()]
