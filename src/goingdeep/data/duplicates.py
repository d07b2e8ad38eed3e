"""Images that appear more than once: inside the training part, and across parts.

A test image that was also trained on measures memory, not learning; one image under two labels
cannot be learned at all. Both are counted and said, never removed.
"""

from __future__ import annotations

import itertools

import numpy as np

from goingdeep.data.hashes import image_hashes
from goingdeep.data.images import ImageData


def count_duplicates(data: ImageData) -> dict[str, int]:
    """Count exact duplicates (every pixel equal).

    Returns:
        within_train: how many training images repeat an earlier one.
        two_labels: how many training images have an equal with another label.
        train_in_test and so on, for each pair of parts: how many images of the second part
        are also in the first.
    """
    hashes = {name: image_hashes(part.images) for name, part in data.parts()}
    unique, where = np.unique(hashes["train"], return_inverse=True)
    lowest = np.full(len(unique), np.iinfo(np.int64).max)
    highest = np.full(len(unique), -1)
    np.minimum.at(lowest, where, data.train.labels)
    np.maximum.at(highest, where, data.train.labels)
    counts = {
        "within_train": len(hashes["train"]) - len(unique),
        "two_labels": int((lowest != highest)[where].sum()),
    }
    for one, other in itertools.combinations(hashes, 2):
        counts[f"{one}_in_{other}"] = int(np.isin(hashes[other], hashes[one]).sum())
    return counts
