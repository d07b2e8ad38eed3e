"""Curves and bars made of characters."""

from __future__ import annotations

import math
from collections.abc import Sequence

BLOCKS = "▁▂▃▄▅▆▇█"
PLAIN_BLOCKS = "_.-=+*#@"
"""The same heights where the terminal's encoding has no blocks."""
FULL, PLAIN_FULL = "█", "#"
NOT_FINITE = "!"
EMPTY = " "


def sparkline(values: Sequence[float | None], *, plain: bool = False) -> str:
    """One character a value: low is the lowest of them, high the highest; `!` is NaN or infinite.

    >>> sparkline([3, 2, 1, None, float("nan"), 1])
    '█▅▁ !▁'
    >>> sparkline([0, 7], plain=True)
    '_@'
    """
    blocks = PLAIN_BLOCKS if plain else BLOCKS
    finite = [value for value in values if value is not None and math.isfinite(value)]
    low, high = min(finite, default=0.0), max(finite, default=0.0)
    # Divided before they are subtracted: the difference of two large numbers can be infinite.
    span = high / 2 - low / 2
    drawn = []
    for value in values:
        if value is None:
            drawn.append(EMPTY)
        elif not math.isfinite(value):
            drawn.append(NOT_FINITE)
        else:
            share = (value / 2 - low / 2) / span if span > 0 else 0.0
            drawn.append(blocks[min(len(blocks) - 1, int(share * len(blocks)))])
    return "".join(drawn)


def bar(value: float | None, largest: float, width: int, *, plain: bool = False) -> str:
    """A bar of at most `width` characters; anything above zero is at least one.

    >>> bar(2.0, 4.0, 10)
    '█████'
    """
    if value is None or not math.isfinite(value) or value <= 0 or not largest > 0:
        return ""
    share = min(1.0, value / largest) if math.isfinite(largest) else 0.0
    return (PLAIN_FULL if plain else FULL) * max(1, round(share * width))


def gathered(starts: Sequence[float], values: Sequence[float], width: int) -> list[float | None]:
    """Means of a curve over `width` equal stretches of its steps, None where there is no value.

    Args:
        starts: the step of each value, rising. values: as many numbers. width: at least 1.
    """
    if not starts:
        return []
    first, span = starts[0], starts[-1] - starts[0]
    columns = min(width, len(values))
    places: list[list[float]] = [[] for _ in range(columns)]
    for start, value in zip(starts, values, strict=True):
        place = int((start - first) / span * columns) if span > 0 else 0
        places[min(columns - 1, place)].append(value)
    return [_mean(found) if found else None for found in places]


def _mean(values: list[float]) -> float:
    # One NaN makes a stretch NaN: it must be seen. But the sum of large numbers may be infinite.
    mean = sum(values) / len(values)
    if math.isfinite(mean) or not all(map(math.isfinite, values)):
        return mean
    return sum(value / len(values) for value in values)
