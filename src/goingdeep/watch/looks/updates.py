"""How far each parameter moved in a step.

The weights before a step are gone after it, so they are copied; of a model that is too large only
a sample, spread over each parameter, is.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from goingdeep.record.look import Update
from goingdeep.watch.looks.backward import state
from goingdeep.watch.reading.exact import exact, short
from goingdeep.watch.reading.tensors import flat, in_range, norm, pieces, plain, readable, spread

MOST_BYTES = 64 << 20
SAMPLED_VALUES = 1 << 20
"""Of all parameters together, where they are larger than `MOST_BYTES`."""

LEAST_SAMPLE = 64
MOST_SPARE = 2 << 20
"""Values of a buffer that is kept for the next look, 8 MiB."""

_INTEGERS = {1: torch.int8, 2: torch.int16, 4: torch.int32, 8: torch.int64}

_spare: list[Tensor] = []
"""The buffer of an earlier look: memory touched for the first time costs more than the copy."""


class Owned(NamedTuple):
    """A parameter of an optimizer: its group, the number of its model, its name."""

    group: int
    model: int
    name: str
    tensor: Tensor


class Kept(NamedTuple):
    """A parameter before the step.

    most: how many of its values were to be copied; copy: these, in the order of memory; length:
    their norm; layout: shape and strides.
    """

    owned: Owned
    most: int
    copy: Tensor
    length: float
    layout: tuple[tuple[int, ...], tuple[int, ...]]


def copies(chosen: Sequence[Owned]) -> tuple[list[Kept], Tensor]:
    """Copies of parameters, and the buffer that most of them lie in."""
    usable = [
        owned
        for owned in chosen
        if not readable(owned.tensor) and owned.tensor.is_floating_point() and owned.tensor.numel()
    ]
    count = sum(owned.tensor.numel() for owned in usable)
    size = sum(owned.tensor.numel() * owned.tensor.element_size() for owned in usable)
    share = SAMPLED_VALUES / count if size > MOST_BYTES else 1.0
    buffer = _take(min(count, 2 * SAMPLED_VALUES) if share < 1 else count)
    kept: list[Kept] = []
    used = 0
    for owned in usable:
        tensor = plain(owned.tensor).detach()
        most = tensor.numel() if share == 1 else max(LEAST_SAMPLE, int(share * tensor.numel()))
        sample = flat(spread(tensor, most))
        length = sample.numel()
        copy = buffer[used : used + length]
        if copy.numel() == length and (copy.dtype, copy.device) == (sample.dtype, sample.device):
            used += length
        else:
            copy = torch.empty_like(sample)
        kept.append(Kept(owned, most, copy, _copy(sample, copy), _layout(tensor)))
    return kept, buffer


def update(kept: Kept) -> Update | None:
    """What the step changed; None where somebody has put another tensor in its place."""
    owned, most, before, length, layout = kept
    tensor = owned.tensor
    if readable(tensor) or _layout(tensor) != layout or tensor.dtype is not before.dtype:
        return None
    after = flat(spread(plain(tensor).detach(), most))
    whole, copied = tensor.numel(), before.numel()
    scale = math.sqrt(whole / copied)
    # By their bits: NaN that stays NaN has not changed, and 0 that becomes -0 has.
    changed = not torch.equal(_bits(before), _bits(after))
    moved = _difference(before, after) if changed or not math.isfinite(length) else 0.0
    weight, change = length * scale, moved * scale
    ratio = change / weight if weight else math.inf if change else 0.0
    return Update(
        owned.model,
        owned.name,
        _statistic(weight),
        _statistic(change),
        _statistic(ratio),
        changed,
        copied if copied < whole else 0,
        idle=not changed and state(tensor) != "value",
    )


def give_back(buffer: Tensor) -> None:
    """Keep a buffer for the next look, if it is small."""
    if buffer.numel() <= MOST_SPARE:
        _spare[:] = [buffer]


def _layout(tensor: Tensor) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return tuple(tensor.shape), tensor.stride()


def _take(count: int) -> Tensor:
    with contextlib.suppress(IndexError):
        buffer = _spare.pop()
        if buffer.numel() >= count:
            return buffer
    return torch.empty(count, dtype=torch.float32, device="cpu")


def _copy(sample: Tensor, copy: Tensor) -> float:
    """Fill a copy; returns the norm."""
    squares = 0.0
    for source, target in zip(pieces(sample), pieces(copy), strict=True):
        target.copy_(source)
        wide = target.float() if target.dtype.itemsize < 4 else target
        squares += torch.dot(wide, wide).item()
    return math.sqrt(squares) if in_range(squares) else norm(copy)


def _difference(before: Tensor, after: Tensor) -> float:
    """The norm of a change. Changes: the copy `before`; new memory would cost more than the sum."""
    if before.dtype.itemsize < 4:
        return norm(after.float().sub_(before))
    squares = 0.0
    for source, target in zip(pieces(after), pieces(before), strict=True):
        target.sub_(source)
        squares += torch.dot(target, target).item()
    return math.sqrt(squares) if in_range(squares) else norm(before)


def _bits(numbers: Tensor) -> Tensor:
    return numbers.contiguous().view(_INTEGERS[numbers.dtype.itemsize])


def _statistic(value: float) -> float | str:
    return short(value) if math.isfinite(value) else exact(value)
