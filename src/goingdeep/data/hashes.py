"""One 64-bit number for each image, the same whenever the pixels are the same.

Equal pixels give equal numbers; that two of 60,000 different images share one has a chance of about
1 in 10^10. It is blake2b, the same on every machine and in every version.
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

from goingdeep.data.images import U8

U64 = npt.NDArray[np.uint64]


def image_hashes(images: U8, used_for: str = "") -> U64:
    """Hash every image.

    Args:
        images: u8[N,C,H,W].
        used_for: up to 16 characters; another word gives other, unrelated numbers.
    Returns:
        u64[N]. 60,000 images of 28x28 take about 0.1 s.
    """
    if not len(images):
        return np.empty(0, np.uint64)
    person = used_for.encode()
    rows = np.ascontiguousarray(images).reshape(len(images), -1)
    digests = b"".join(
        hashlib.blake2b(row, digest_size=8, person=person).digest() for row in memoryview_rows(rows)
    )
    return np.frombuffer(digests, "<u8").astype(np.uint64)


def memoryview_rows(rows: U8) -> list[memoryview]:
    """Each row's bytes without a copy; slicing one flat view is faster than indexing an array."""
    width = rows.shape[1]
    flat = rows.reshape(-1).data
    return [flat[start : start + width] for start in range(0, rows.size, width)]
