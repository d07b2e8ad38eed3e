"""A curve of any length in bounded space.

A run may have ten million steps. A curve keeps at most `BUCKETS` buckets of equal width, each with
the first step it covers, how many values it holds, and their minimum, mean and maximum. When they
are used up, neighbours are joined and the width doubles; nothing is ever sampled away, so a single
spike stays visible as a maximum.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from goingdeep.errors import RunFormatError
from goingdeep.record.files import read_file, write_atomic

BUCKETS = 2048
COLUMNS = ("first_step", "count", "min", "mean", "max")
F64 = npt.NDArray[np.float64]


def curve_name(what: str, optimizer: int = 0, rank: int = 0) -> str:
    """What the curve of one optimizer, in one process, is called.

    >>> curve_name("loss"), curve_name("rate", 1), curve_name("loss", rank=2)
    ('loss', 'rate-1', 'loss-rank2')
    """
    return f"{what}{f'-{optimizer}' if optimizer else ''}{f'-rank{rank}' if rank else ''}"


class Curve:
    """One scalar by step.

    >>> curve = Curve()
    >>> curve.extend(1, np.array([3.0, 1.0]))
    >>> curve.table()[:, 3]
    array([3., 1.])
    """

    def __init__(self, rows: F64 | None = None, width: int = 1) -> None:
        self._rows: F64 = np.zeros((0, 5)) if rows is None else rows
        self._width = width

    def extend(self, first_step: int, values: F64) -> None:
        """Add the values of consecutive steps; NaN and infinity are kept as they are."""
        steps = np.arange(first_step, first_step + len(values), dtype=np.float64)
        values = values.astype(np.float64)
        fresh = np.column_stack([steps, np.ones(len(values)), values, values, values])
        self._rows = _join(np.concatenate([self._rows, fresh]), self._width)
        while len(self._rows) > BUCKETS:
            self._width *= 2
            self._rows = _join(self._rows, self._width)

    def table(self) -> F64:
        """f64[n,5] with the columns of `COLUMNS`, a bucket a row."""
        return self._rows.copy()

    def to_bytes(self) -> bytes:
        """The table as a `.npy` file: readable anywhere, and never pickled."""
        buffer = io.BytesIO()
        np.save(buffer, self._rows, allow_pickle=False)
        return buffer.getvalue()

    def write(self, path: Path, *, durable: bool = True) -> None:
        """Replace the file in one step; `durable` as in `write_atomic`."""
        write_atomic(path, self.to_bytes(), durable=durable)

    @classmethod
    def read(cls, path: Path) -> Curve:
        """Read a curve back; a missing file is an empty curve."""
        if not path.exists():
            return cls()
        try:
            content = io.BytesIO(read_file(path))
            rows = np.lib.format.read_array(content, allow_pickle=False)
        except Exception as error:  # numpy's reader fails in many ways on bytes it did not write
            raise RunFormatError(f"{path.name} is damaged", where=str(path.parent)) from error
        if not _is_table(rows):
            raise RunFormatError(f"{path.name} is not a curve", where=str(path.parent))
        # The width is a power of two that every bucket but the last has filled.
        return cls(rows, int(2 ** np.ceil(np.log2(max(1.0, rows[:, 1].max(initial=1))))))


def _is_table(rows: npt.NDArray[Any]) -> bool:
    return (
        rows.dtype == np.float64
        and rows.ndim == 2
        and rows.shape[1] == len(COLUMNS)
        and len(rows) <= BUCKETS
        and bool(((rows[:, :2] >= 1) & (rows[:, :2] < 2**53)).all())
        and bool((np.diff(rows[:, 0]) > 0).all())
    )


def _join(rows: F64, width: int) -> F64:
    """Join neighbouring rows whose first steps fall into the same bucket of `width` steps."""
    if len(rows) < 2 or width == 1:
        return rows
    # Steps count from 1, so that bucket b covers steps b*width+1 to (b+1)*width.
    bucket = (rows[:, 0] - 1) // width
    starts = np.flatnonzero(np.diff(bucket, prepend=bucket[0] - 1))
    count = np.add.reduceat(rows[:, 1], starts)
    with np.errstate(invalid="ignore", over="ignore"):  # the mean of +inf and -inf is NaN
        return np.column_stack(
            [
                rows[starts, 0],
                count,
                np.minimum.reduceat(rows[:, 2], starts),
                np.add.reduceat(rows[:, 3] * rows[:, 1], starts) / count,
                np.maximum.reduceat(rows[:, 4], starts),
            ]
        )
