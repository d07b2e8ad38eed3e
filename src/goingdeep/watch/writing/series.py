"""A curve while it grows: the newest values wait until some can be folded into it at once."""

from __future__ import annotations

import numpy as np
import torch

from goingdeep.record.scalars import Curve

BUFFER = 256
"""Values that wait. On another device they are still being computed, and are read later."""


class Series:
    """One curve by step, from 1."""

    __slots__ = ("_curve", "_first", "_values")

    def __init__(self) -> None:
        self._curve = Curve()
        self._first = 1
        self._values: list[float | torch.Tensor] = []

    def add(self, value: float | torch.Tensor, step: int) -> None:
        """The value at a step."""
        if self._first + len(self._values) != step:  # steps without a value lie between
            self.fold()
            self._first = step
        self._values.append(value)
        if len(self._values) >= BUFFER:
            self.fold()

    def fold(self) -> Curve:
        """The curve with all values in it; waits for those that are being computed."""
        if self._values:
            numbers = np.array([_number(value) for value in self._values])
            self._curve.extend(self._first, numbers)
            self._first += len(numbers)
            self._values.clear()
        return self._curve

    def now(self) -> Curve:
        """The curve as far as it can be had without waiting."""
        if any(isinstance(value, torch.Tensor) for value in self._values):
            return self._curve
        return self.fold()


def _number(value: float | torch.Tensor) -> float:
    try:
        return float(value)
    except (RuntimeError, ValueError):  # a kind of tensor that has no value
        return float("nan")
