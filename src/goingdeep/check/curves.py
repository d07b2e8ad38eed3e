"""Where a curve began and where it ended, with the chance of single steps taken out."""

from __future__ import annotations

import numpy as np

from goingdeep.record.scalars import F64

PART = 0.1


def ends(table: F64) -> tuple[float, float] | None:
    """The mean over the first tenth of the steps and over the last; None where that is no number.

    Args:
        table: f64[n,5], as `Curve.table` gives it.

    >>> ends(np.array([[1.0, 1, 4, 4, 4], [2, 18, 1, 2, 3], [20, 1, 1, 1, 1]]))
    (3.0, 1.5)
    """
    if not len(table):
        return None
    count, mean = table[:, 1], table[:, 3]
    wanted = max(1.0, PART * count.sum())
    first, last = _mean(count, mean, wanted), _mean(count[::-1], mean[::-1], wanted)
    return (first, last) if np.isfinite([first, last]).all() else None


def _mean(count: F64, mean: F64, wanted: float) -> float:
    before = np.cumsum(count) - count
    taken = np.clip(wanted - before, 0, count)
    with np.errstate(invalid="ignore"):
        return float((taken * np.where(taken > 0, mean, 0)).sum() / taken.sum())
