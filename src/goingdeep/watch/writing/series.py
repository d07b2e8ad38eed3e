"""A curve while it grows: the newest values wait until some can be folded into it at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from goingdeep.record.scalars import Curve
from goingdeep.watch.reading.later import BUFFER, read

Value = float | Tensor | tuple[float | Tensor, ...]
"""Of one step; of several their mean counts."""


class Series:
    """One curve by step, from 1."""

    __slots__ = ("_curve", "_first", "_values", "_waiting")

    def __init__(self) -> None:
        self._curve = Curve()
        self._first = 1
        self._values: list[Value] = []
        self._waiting = 0

    def add(self, value: Value, step: int) -> None:
        """The value at a step."""
        if self._first + len(self._values) != step:  # steps without a value lie between
            self.fold()
            self._first = step
        self._values.append(value)
        self._waiting += len(value) if isinstance(value, tuple) else 1
        if self._waiting >= BUFFER:
            self.fold()

    def fold(self) -> Curve:
        """The curve with all values in it; waits for those that are being computed."""
        if self._values:
            self._curve.extend(self._first, np.array(_means(self._values)))
            self._first += len(self._values)
            self._values.clear()
            self._waiting = 0
        return self._curve

    def now(self) -> Curve:
        """The curve as far as it can be had without waiting."""
        if any(not isinstance(value, float | int) for value in self._values):
            return self._curve
        return self.fold()


def _means(values: Sequence[Value]) -> list[float]:
    parts = [value if isinstance(value, tuple) else (value,) for value in values]
    found = iter(read([part for several in parts for part in several]))
    return [sum(next(found) for _ in several) / len(several) for several in parts]
