"""What `gd data show` says: counts, sizes, values, duplicates, and what was left out."""

from __future__ import annotations

from typing import Any

import numpy as np

from goingdeep.data.duplicates import count_duplicates
from goingdeep.data.images import U8, ImageData, Part

_AT_ONCE = 1024
_SQUARES = np.arange(256, dtype=np.uint32) ** 2


def facts(data: ImageData) -> dict[str, Any]:
    """Everything that can be said about a data set, in plain JSON types.

    Returns:
        name, source, fingerprint, shape [C,H,W], classes (names), notes;
        parts: for each part count, per_class (in the order of classes), lowest and highest value
        (0 to 255), mean and std for each channel on the scale 0 to 1;
        duplicates: see `count_duplicates`; unreadable: count and the first files with the reason;
        pictures (folders only): smallest, median and largest [width, height] before resizing, how
        many sizes, and which share of a picture's pixels a centre crop cuts (mean and most).
    """
    source = data.facts
    return {
        "name": data.name,
        "source": data.source,
        "fingerprint": data.fingerprint(),
        "shape": list(data.shape),
        "classes": list(data.class_names),
        "parts": {name: _part_facts(part, data.classes) for name, part in data.parts()},
        "duplicates": source.get("duplicates") or count_duplicates(data),
        "unreadable": source.get("unreadable", {"count": 0, "files": []}),
        "pictures": source.get("pictures"),
        "notes": list(data.notes),
    }


def _part_facts(part: Part, classes: int) -> dict[str, Any]:
    mean, std = channel_statistics(part.images)
    return {
        "count": len(part),
        "per_class": np.bincount(part.labels, minlength=classes).tolist(),
        "lowest": int(part.images.min()),
        "highest": int(part.images.max()),
        "mean": [round(value, 6) for value in mean],
        "std": [round(value, 6) for value in std],
    }


def channel_statistics(images: U8) -> tuple[list[float], list[float]]:
    """Mean and standard deviation of each channel on the scale 0 to 1.

    Summed in whole numbers, so the result does not depend on the order or on rounding.

    >>> channel_statistics(np.array([0, 255], np.uint8).reshape(2, 1, 1, 1))
    ([0.5], [0.5])
    """
    channels = images.shape[1]
    total = [0] * channels
    squares = [0] * channels
    for start in range(0, len(images), _AT_ONCE):
        chunk = images[start : start + _AT_ONCE]
        for c in range(channels):
            total[c] += int(chunk[:, c].sum(dtype=np.uint64))
            squares[c] += int(_SQUARES[chunk[:, c]].sum(dtype=np.uint64))
    count = images.size // channels
    mean = [value / count / 255 for value in total]
    # n*sum(x^2) - sum(x)^2 stays a whole number until the end: no cancellation.
    std = [
        float(np.sqrt(count * square - value**2)) / count / 255
        for value, square in zip(total, squares, strict=True)
    ]
    return mean, std
