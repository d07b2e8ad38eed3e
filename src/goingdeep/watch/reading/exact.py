"""Numbers as they stand in a record: exact where somebody will work with them, short elsewhere.

JSON has no NaN and no infinity: these are written as text.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from goingdeep.watch.reading.aside import aside

FEW = 256
"""So many have been told one by one before NumPy's forty operations have run once."""

_TENS = np.array([float(f"1e{places}") for places in range(23)])


def exact(value: float, dtype: torch.dtype = torch.float32) -> float | str:
    """A number as it is written into a record: read back in its own precision it is the same bits.

    The shortest such number is given: 0.1 of float32, not 0.10000000149011612.

    >>> exact(torch.tensor(0.1).item()), exact(float("-inf"))
    (0.1, '-inf')
    """
    if not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    return float(value) if dtype is torch.float64 else float(str(np.float32(value)))


def exact_values(tensor: Tensor) -> list[float | str]:
    """`exact` of every value of a one-dimensional tensor; of many about ten times as fast."""
    with aside():
        if tensor.dtype is torch.float64:
            return [exact(value, torch.float64) for value in tensor.tolist()]
        # A copy: `numpy()` of the user's own tensor would mark its storage.
        array = tensor.to(torch.float32, copy=True).cpu().numpy()
    if len(array) > FEW:
        return _shortest(array)
    if np.isfinite(array).all():
        return [float(text) for text in map(str, array)]
    return [exact(value) for value in array.tolist()]


def short(value: float) -> float:
    """A statistic with seven digits; whole numbers are kept.

    >>> short(1 / 3), short(16777217.0)
    (0.3333333, 16777217.0)
    """
    return value if value.is_integer() and abs(value) < 1e15 else float(f"{value:.7g}")


def _shortest(array: npt.NDArray[np.float32]) -> list[float | str]:
    """Round to ever more digits until each value, read as float32, is itself again."""
    with np.errstate(invalid="ignore"):  # a signalling NaN complains
        wide = array.astype(np.float64)
    size = np.abs(wide)
    # Within these bounds a power of ten is exact in float64, and so the quotient is the nearest
    # float64 to the decimal number: the same as reading its text.
    usual = (size > 1e-12) & (size < 1e12)
    power = np.floor(np.log10(size, where=usual, out=np.zeros_like(wide))).astype(np.int64)
    found = np.zeros_like(wide)
    missing = usual
    for digits in (6, 7, 8, 9):
        places = digits - 1 - power
        up, down = _TENS[np.maximum(places, 0)], _TENS[np.maximum(-places, 0)]
        found = np.where(missing, np.rint(wide * up / down) / up * down, found)
        missing = usual & (found.astype(np.float32) != array)
        if not missing.any():
            break
    result: list[float | str] = found.tolist()
    for index in np.flatnonzero(~usual | missing).tolist():
        result[index] = exact(float(wide[index]))
    return result
