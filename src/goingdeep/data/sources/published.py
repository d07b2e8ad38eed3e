"""Data sets that somebody published: from the cache, from the system, or downloaded, and checked.

The hash is that of the bytes that matter. For gzip files it is the hash of what is inside, because
distributions pack the same content again (Debian's files differ from the published ones, their
content does not).
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from goingdeep.data.cache import cache_folder, open_cached, workspace
from goingdeep.data.download import fetch
from goingdeep.data.images import DataSettings, ImageData, Part, Progress
from goingdeep.errors import ChecksumError

SYSTEM_FOLDER = "/usr/share/datasets"
_GZIP = 31  # zlib's word for "with a gzip header"


@dataclass(frozen=True)
class PublishedFile:
    """One file as it was published.

    size: its bytes, as downloaded.
    sha256: of its content when `inside` is given, of the file itself otherwise.
    inside: bytes of the content of a gzip file; 0 when the file is read as it is.
    """

    name: str
    size: int
    sha256: str
    inside: int = 0


@dataclass(frozen=True)
class Published:
    """A published data set.

    mirrors: addresses that end in a slash; the files' names are added to them.
    decode: makes the train and test parts from the files' checked contents.
    offline: what works without a network, for the error that says there is none.
    """

    name: str
    class_names: tuple[str, ...]
    files: tuple[PublishedFile, ...]
    mirrors: tuple[str, ...]
    decode: Callable[[Mapping[str, bytes]], tuple[Part, Part]]
    offline: str


def load_published(
    published: Published, settings: DataSettings, progress: Progress | None = None
) -> ImageData:
    """Open a published data set, fetching it when it is nowhere on this machine.

    Changes: writes the decoded images to the cache folder, once.

    Raises:
        ChecksumError: a file is damaged, cut or another one.
        DownloadError: it is not on this machine and there is no network.
    """
    cached = open_cached(
        published.name, name=published.name, source=published.name, settings=settings
    )
    if cached is not None:
        return cached
    system = Path(os.environ.get("GOINGDEEP_SYSTEM_DATA", SYSTEM_FOLDER)) / published.name
    fetched = not all((system / file.name).is_file() for file in published.files)
    if fetched:
        train, test = _download(published, progress)
    else:
        train, test = read_folder(published, system, progress)
    data = ImageData(
        name=published.name,
        source=published.name,
        class_names=published.class_names,
        train=train,
        test=test,
        settings=settings,
    )
    with workspace(published.name) as space:
        data = space.finish(data)
    if fetched and data.known_fingerprint:
        _forget_downloads(published)
    return data


def read_folder(
    published: Published, folder: Path, progress: Progress | None = None
) -> tuple[Part, Part]:
    """Read and check the published files in a folder.

    Returns:
        The train and the test part.
    Raises:
        ChecksumError: a file is not the one that was published.
    """
    contents: dict[str, bytes] = {}
    for index, file in enumerate(published.files):
        contents[file.name] = read_checked(file, folder / file.name)
        if progress is not None:
            progress(f"reading {published.name}", index + 1, len(published.files))
    return published.decode(contents)


def read_checked(file: PublishedFile, path: Path) -> bytes:
    """The content of a file, when it is the published one.

    Raises:
        ChecksumError: it is not, or cannot be unpacked.
    """
    content = path.read_bytes()
    if file.inside:
        unpack = zlib.decompressobj(_GZIP)
        try:
            # The limit keeps a file made to unpack without end from filling the memory.
            content = unpack.decompress(content, file.inside + 1)
        except zlib.error as error:
            raise _wrong(file, path, f"it cannot be unpacked ({error})") from error
        if len(content) != file.inside:
            raise _wrong(file, path, f"it unpacks to {len(content):,} bytes, not {file.inside:,}")
    found = hashlib.sha256(content).hexdigest()
    if found != file.sha256:
        raise _wrong(file, path, f"SHA-256 {found[:16]}..., expected {file.sha256[:16]}...")
    return content


def _wrong(file: PublishedFile, path: Path, why: str) -> ChecksumError:
    return ChecksumError(
        f"{file.name} is not the file that was published",
        where=str(path.parent),
        why=why,
        fix="install or download it again; a downloaded copy was not kept",
        more="docs/data.md",
    )


def _downloads(published: Published) -> Path:
    return cache_folder() / "downloads" / published.name


def _download(published: Published, progress: Progress | None) -> tuple[Part, Part]:
    """Fetch what is missing; files that came whole stay for the next try when a later one fails."""
    folder = _downloads(published)
    with tempfile.TemporaryDirectory(prefix="goingdeep-") as fallback:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / ".writable").touch()
            (folder / ".writable").unlink()
        except OSError:
            folder = Path(fallback)
        for file in published.files:
            target = folder / file.name
            if target.exists():
                try:
                    read_checked(file, target)
                except ChecksumError:
                    target.unlink()
                else:
                    continue
            fetch(
                [mirror + file.name for mirror in published.mirrors],
                target,
                size=file.size,
                check=lambda path, file=file: _checked(file, path),  # type: ignore[misc]
                fix=published.offline,
                progress=progress,
            )
        return read_folder(published, folder, progress)


def _checked(file: PublishedFile, path: Path) -> None:
    read_checked(file, path)


def _forget_downloads(published: Published) -> None:
    """The decoded images are in the cache: the packed files have done their work."""
    folder = _downloads(published)
    with suppress(OSError):
        for file in published.files:
            (folder / file.name).unlink(missing_ok=True)
        folder.rmdir()
        folder.parent.rmdir()
