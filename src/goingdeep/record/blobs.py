"""Small typed arrays beside the events: raw little-endian bytes, named by the hash of content.

Equal content is stored once, so "the parameter after step k" and "before step k+1" cost one file.
"""

from __future__ import annotations

import hashlib
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from goingdeep.errors import RunFormatError
from goingdeep.record.event import Blob
from goingdeep.record.files import read_file, write_atomic, writing

MAX_BYTES = 4 << 20
"""A blob is something to look at; whole tensors belong into a checkpoint."""

MAX_AXES = 32
"""As many as every NumPy allows."""

_HASH = re.compile(r"[0-9a-f]{32}")
_DTYPES = frozenset({"u1", "i1", "i2", "i4", "i8", "f2", "f4", "f8", "b1"})


def write_blob(folder: Path, array: npt.NDArray[Any], *, durable: bool = True) -> Blob:
    """Store an array of at most `MAX_BYTES` in the run's `blobs/`.

    Args:
        folder: the run. array: numbers of any shape. durable: as in `write_atomic`.

    Raises:
        ValueError: the array is too large or of a kind that has no raw form.
        WriteError: the disk refuses.
    """
    dtype = array.dtype.str[1:]
    if dtype not in _DTYPES or array.nbytes > MAX_BYTES:
        message = (
            f"a blob holds numbers, at most {MAX_BYTES} bytes; got {array.dtype}[{array.nbytes}]"
        )
        raise ValueError(message)
    content = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).tobytes()
    blob = Blob(_hash(content), dtype, array.shape)
    path = folder / "blobs" / blob.hash
    if not path.exists():
        with writing(path):
            path.parent.mkdir(exist_ok=True)
        write_atomic(path, content, durable=durable)
    return blob


def read_blob(folder: Path, blob: Blob) -> npt.NDArray[Any]:
    """Read an array back.

    Raises:
        RunFormatError: the reference is not one we write, or the file is missing or damaged.
    """
    # The reference comes from a file that anyone could have written: it must not name a path.
    if (
        not _HASH.fullmatch(blob.hash)
        or blob.dtype not in _DTYPES
        or len(blob.shape) > MAX_AXES
        or not all(0 <= length <= MAX_BYTES for length in blob.shape)
    ):
        raise RunFormatError("a blob's reference is not valid", where=str(folder))
    size = math.prod(blob.shape) * np.dtype(blob.dtype).itemsize
    path = folder / "blobs" / blob.hash
    try:
        content = read_file(path) if size <= MAX_BYTES else None
    except OSError:
        content = None
    if content is None or len(content) != size or _hash(content) != blob.hash:
        raise RunFormatError(f"blob {blob.hash} is missing or damaged", where=str(path.parent))
    return np.frombuffer(content, dtype=np.dtype(blob.dtype).newbyteorder("<")).reshape(blob.shape)


def _hash(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()
