"""A piece of a matrix over a step, exact: each weight in it can be worked by hand.

It is chosen around the weight that is worked in any case, and small: what it takes is bounded by
making it smaller where an optimizer keeps more numbers for each weight.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from goingdeep.record.event import Blob
from goingdeep.record.look import Window
from goingdeep.watch.looks.backward import gradient_of
from goingdeep.watch.looks.updates import Owned
from goingdeep.watch.reading.tensors import plain, readable

SIDE = 32
MOST = 2
BYTES = 16 << 10
"""Of one window with everything that belongs to it."""

F32 = npt.NDArray[np.float32]
Arrays = dict[str, Any]


class Where(NamedTuple):
    """A place in a matrix."""

    row: int
    column: int
    height: int
    width: int


class Before(NamedTuple):
    """A window before the step."""

    owned: Owned
    where: Where
    weight: F32
    gradient: F32 | None
    state: dict[str, F32]


def before(owned: Owned, at: tuple[int, ...], state: dict[str, Tensor]) -> Before | None:
    """Copy a window around a weight; None where numbers of 4 bytes cannot hold it exactly.

    Args:
        owned: the parameter. at: the weight's index. state: the optimizer's tensors for it.
    """
    shape = _shape(owned.tensor)
    if shape is None:
        return None
    rows, columns = shape
    place = at[0] if at else 0
    beside = int(np.ravel_multi_index(at[1:], owned.tensor.shape[1:])) if at[1:] else 0
    like = _alike(state, shape)
    side = min(SIDE, math.isqrt(BYTES // (4 * (3 + 2 * len(like)))))
    height, width = min(rows, side), min(columns, side)
    row = max(0, min(place - height // 2, rows - height))
    column = max(0, min(beside - width // 2, columns - width))
    where = Where(row, column, height, width)
    found = gradient_of(owned.tensor)
    fits = found is not None and _shape(found) == shape
    return Before(
        owned,
        where,
        _cut(owned.tensor, where),
        _cut(found, where) if found is not None and fits else None,
        {name: _cut(tensor, where) for name, tensor in like.items()},
    )


def after(kept: Before, state: dict[str, Tensor]) -> Arrays | None:
    """The same window once the step is done: the fields of a `Window` with arrays for blobs."""
    shape = _shape(kept.owned.tensor)
    if shape is None:
        return None
    alike = _alike(state, shape)
    return {
        "model": kept.owned.model,
        "name": kept.owned.name,
        "row": kept.where.row,
        "column": kept.where.column,
        "before": kept.weight,
        "gradient": kept.gradient,
        "after": _cut(kept.owned.tensor, kept.where),
        "state_before": kept.state,
        "state_after": {name: _cut(tensor, kept.where) for name, tensor in alike.items()},
    }


def stored(window: Arrays, store: Callable[[F32], Blob | None]) -> Window | None:
    """A window whose arrays are blobs; None where one of them could not be stored."""
    lost = False

    def one(value: Any) -> Any:
        nonlocal lost
        if isinstance(value, dict):
            return {name: one(array) for name, array in value.items()}
        if not isinstance(value, np.ndarray):
            return value
        blob = store(value)
        lost = lost or blob is None
        return blob

    fields = {name: one(value) for name, value in window.items()}
    return None if lost else Window(**fields)


def _shape(tensor: Tensor) -> tuple[int, int] | None:
    """First axis and the rest of a tensor whose numbers float32 can hold; else None."""
    if readable(tensor) or not tensor.numel() or not tensor.dim():
        return None
    if not tensor.is_floating_point() or tensor.dtype is torch.float64:
        return None
    return len(tensor), tensor.numel() // len(tensor)


def _alike(state: dict[str, Tensor], shape: tuple[int, int]) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in state.items() if _shape(tensor) == shape}


def _cut(tensor: Tensor, where: Where) -> F32:
    row, column, height, width = where
    # The rows first: a convolution's weights may lie in another order, and would all be copied.
    rows = plain(tensor).detach()[row : row + height].reshape(height, -1)
    array: F32 = rows[:, column : column + width].to(torch.float32, copy=True).cpu().numpy()
    return array
