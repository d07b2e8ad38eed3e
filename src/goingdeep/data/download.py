"""Fetching a published file: whole and checked, or not at all."""

from __future__ import annotations

import http.client
import secrets
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path

from goingdeep.data.cache import reason
from goingdeep.data.images import Progress
from goingdeep.errors import ChecksumError, DownloadError, WriteError

TIMEOUT = 20.0
"""Seconds without a byte before a server is given up."""
_CHUNK = 1 << 18


def fetch(
    urls: Sequence[str],
    target: Path,
    *,
    size: int,
    check: Callable[[Path], None],
    fix: str,
    progress: Progress | None = None,
    timeout: float = TIMEOUT,
) -> None:
    """Download a file from the first server that gives the right one.

    Args:
        urls: the same file on several servers, tried in this order.
        target: where it goes; appears only when it is whole and checked.
        size: bytes it should have, for the progress and as a limit.
        check: raises ChecksumError when the file is not the right one.
        fix: what works without a network.
        progress: told how many bytes are there.
        timeout: seconds without a byte before the next server is tried.
    Raises:
        ChecksumError: what came was cut or is another file; nothing of it is kept.
        DownloadError: no server could be reached.
        WriteError: it could not be written.
    """
    wrong: ChecksumError | None = None
    unreachable = ""
    for url in urls:
        part = target.with_name(f"{target.name}.part-{secrets.token_hex(4)}")
        try:
            _copy(url, part, size, progress, timeout)
            check(part)
            part.replace(target)
        except ChecksumError as error:
            error.where = error.where or url
            wrong = error
        except (OSError, http.client.HTTPException, ValueError) as error:
            if isinstance(error, WriteError):
                raise
            unreachable = f"{url}: {getattr(error, 'reason', None) or error}"
        else:
            return
        finally:
            part.unlink(missing_ok=True)
    if wrong is not None:
        raise wrong
    raise DownloadError(
        f"{target.name} could not be downloaded",
        where=", ".join(urls),
        why=unreachable,
        fix=fix,
        more="docs/data.md",
    )


def _copy(url: str, part: Path, size: int, progress: Progress | None, timeout: float) -> None:
    if not url.startswith(("https://", "http://")):
        raise ValueError("only http and https are fetched")
    request = urllib.request.Request(url, headers={"User-Agent": "goingdeep"})  # noqa: S310 - checked above
    try:
        handle = part.open("wb")
    except OSError as error:
        raise _cannot_write(part, error) from error
    with handle, urllib.request.urlopen(request, timeout=timeout) as answer:  # noqa: S310 - the same
        announced = answer.headers.get("Content-Length")
        expected = int(announced) if announced and announced.isdigit() else size
        done = 0
        while chunk := _read(answer, done, expected):
            done += len(chunk)
            if done > max(size, expected):
                raise ChecksumError(
                    f"{url} is longer than the published {size:,} bytes", more="docs/data.md"
                )
            try:
                handle.write(chunk)
            except OSError as error:
                raise _cannot_write(part, error) from error
            if progress is not None:
                progress(f"fetching {url.rsplit('/', 1)[-1]}", done, expected)
        if announced and done < expected:
            raise _cut(done, expected)


def _read(answer: http.client.HTTPResponse, done: int, expected: int) -> bytes:
    try:
        return answer.read(_CHUNK)
    except http.client.IncompleteRead as error:
        raise _cut(done + len(error.partial), expected) from error


def _cut(done: int, expected: int) -> ChecksumError:
    return ChecksumError(
        f"the download was cut: {done:,} of {expected:,} bytes came",
        fix="try again; nothing of it was kept",
        more="docs/data.md",
    )


def _cannot_write(part: Path, error: OSError) -> WriteError:
    return WriteError(
        f"{part.parent} cannot be written: {reason(error)}",
        fix="make room, or choose another folder: export GOINGDEEP_CACHE=/path/with/room",
        more="docs/data.md",
    )
