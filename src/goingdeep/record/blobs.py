"""Small typed arrays beside the events: raw little-endian bytes, known by the hash of content.

Equal content is stored once. An array has a file of its own, or is a part of one with many: to make
a file costs more than all else about a small array, and a close look keeps some fifteen of them.
"""

from __future__ import annotations

import errno
import hashlib
import math
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from goingdeep.errors import RunFormatError
from goingdeep.record.event import Blob
from goingdeep.record.files import read_file, read_part, write_atomic, writing

MAX_BYTES = 4 << 20
"""A blob is something to look at; whole tensors belong into a checkpoint."""

MAX_AXES = 32
"""As many as every NumPy allows."""

PACK_BYTES = 64 << 20
"""A pack is begun anew beyond it."""

MAX_KNOWN = 4_096
"""Arrays of a pack that are known again when their content comes once more."""

_HASH = re.compile(r"[0-9a-f]{32}")
_PACK = re.compile(r"pack-[0-9]{1,6}-[0-9]{1,6}")
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | getattr(os, "O_BINARY", 0)
_DTYPES = frozenset({"u1", "i1", "i2", "i4", "i8", "f2", "f4", "f8", "b1"})


def write_blob(folder: Path, array: npt.NDArray[Any], *, durable: bool = True) -> Blob:
    """Store an array of at most `MAX_BYTES` in the run's `blobs/`.

    Args:
        folder: the run. array: numbers of any shape. durable: as in `write_atomic`.

    Raises:
        ValueError: the array is too large or of a kind that has no raw form.
        WriteError: the disk refuses.
    """
    blob, content = raw(array)
    path = folder / "blobs" / blob.hash
    if not path.exists():
        with writing(path):
            path.parent.mkdir(exist_ok=True)
        write_atomic(path, content, durable=durable)
    return blob


def raw(array: npt.NDArray[Any]) -> tuple[Blob, bytes]:
    """An array as it is stored: its reference, and its bytes.

    Raises:
        ValueError: it is larger than `MAX_BYTES`, or of a kind that has no raw form.
    """
    dtype = array.dtype.str[1:]
    if dtype not in _DTYPES or array.nbytes > MAX_BYTES:
        message = (
            f"a blob holds numbers, at most {MAX_BYTES} bytes; got {array.dtype}[{array.nbytes}]"
        )
        raise ValueError(message)
    content = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).tobytes()
    return Blob(_hash(content), dtype, array.shape), content


class Packs:
    """Writes arrays one after the other into few files, which only ever grow.

    They are put together, and written at once by `flush`, before anybody is told of them: so a kill
    loses none that is referred to.

    Args:
        folder: the run. rank: the process; each has packs of its own.
    """

    def __init__(self, folder: Path, rank: int = 0) -> None:
        self._place = folder / "blobs"
        self._rank = rank
        self._file = -1  # a descriptor: a file object that nobody closed would warn at the end
        self._name = ""
        self._at = 0
        self._known: dict[str, tuple[str, int]] = {}
        self._waiting: list[bytes] = []

    def put(self, array: npt.NDArray[Any]) -> Blob:
        """Take an array of at most `MAX_BYTES`, for the next `flush`. Raises as `write_blob` does."""
        blob, content = raw(array)
        known = self._known.get(blob.hash)
        if known is None:
            if self._file < 0 or self._at >= PACK_BYTES:
                self.flush()
                with writing(self._place):
                    self._begin()
            if len(self._known) >= MAX_KNOWN:
                self._known.clear()
            known = self._known[blob.hash] = self._name, self._at
            self._waiting.append(content)
            self._at += len(content)
        return Blob(blob.hash, blob.dtype, blob.shape, *known)

    def flush(self) -> None:
        """Write what was put.

        Raises:
            WriteError: the disk refuses; what was put is lost.
        """
        if self._waiting:
            content = b"".join(self._waiting)
            self._waiting.clear()
            with writing(self._place):
                if os.write(self._file, content) != len(content):
                    raise OSError(errno.ENOSPC, "only a part was written")

    def _begin(self) -> None:
        """Begin a pack."""
        self.close()
        self._place.mkdir(exist_ok=True)
        number = 0
        while self._file < 0:
            self._name, self._at = f"pack-{self._rank}-{number}", 0
            try:
                self._file = os.open(self._place / self._name, _NEW, 0o666)
            except FileExistsError:  # a resumed run has packs already
                number += 1

    def close(self) -> None:
        """Let go of the file; what comes later begins another."""
        file, self._file = self._file, -1
        if file >= 0:
            os.close(file)

    def __del__(self) -> None:
        self.close()


def read_blob(folder: Path, blob: Blob) -> npt.NDArray[Any]:
    """Read an array back.

    Raises:
        RunFormatError: the reference is not one we write, or the file is missing or damaged.
    """
    # The reference comes from a file that anyone could have written: it must not name a path.
    if (
        not _HASH.fullmatch(blob.hash)
        or (blob.pack and not _PACK.fullmatch(blob.pack))
        or blob.dtype not in _DTYPES
        or len(blob.shape) > MAX_AXES
        or not all(0 <= length <= MAX_BYTES for length in blob.shape)
    ):
        raise RunFormatError("a blob's reference is not valid", where=str(folder))
    size = math.prod(blob.shape) * np.dtype(blob.dtype).itemsize
    path = folder / "blobs" / (blob.pack or blob.hash)
    content = None
    try:
        if size <= MAX_BYTES and blob.pack:
            content = read_part(path, blob.at, size)
        elif size <= MAX_BYTES:
            content = read_file(path)
    except (OSError, ValueError, OverflowError):  # of a place that no file has
        content = None
    if content is None or len(content) != size or _hash(content) != blob.hash:
        raise RunFormatError(f"blob {blob.hash} is missing or damaged", where=str(path.parent))
    return np.frombuffer(content, dtype=np.dtype(blob.dtype).newbyteorder("<")).reshape(blob.shape)


def _hash(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()
