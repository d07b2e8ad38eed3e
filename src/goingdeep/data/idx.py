"""The IDX format of MNIST and Fashion-MNIST: a magic number, the sizes, then plain bytes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from goingdeep.errors import ShapeError

_UNSIGNED_BYTE = 8


def read_idx(content: bytes) -> npt.NDArray[np.uint8]:
    """Read an array of unsigned bytes.

    Args:
        content: the whole file, unpacked.
    Returns:
        u8[...] with as many axes as the file says; read-only, it shares the bytes.
    Raises:
        ShapeError: the file is not IDX of unsigned bytes, or its length does not fit its header.

    >>> read_idx(bytes([0, 0, 8, 1, 0, 0, 0, 2, 7, 9]))
    array([7, 9], dtype=uint8)
    """
    if len(content) < 4 or content[:3] != bytes([0, 0, _UNSIGNED_BYTE]):
        raise ShapeError("not an IDX file of unsigned bytes", more="docs/data.md")
    start = 4 + 4 * content[3]
    shape = tuple(int(n) for n in np.frombuffer(content[4:start], ">u4"))
    expected = start + int(np.prod(shape, dtype=object))
    if len(content) != expected:
        raise ShapeError(
            f"the IDX file of shape {list(shape)} should have {expected:,} bytes, "
            f"got {len(content):,}",
            more="docs/data.md",
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)
