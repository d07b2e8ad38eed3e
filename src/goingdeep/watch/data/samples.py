"""Samples told apart by content: a 64-bit hash of some dozens of strided values of each.

Rows of a batch are read in place as words, multiplied by odd constants and summed modulo 2**64: one
NumPy call for the whole batch, about 6 microseconds for float32[64,1,28,28].

  * Floats are read in big-endian words. The bits in which simple values differ (sign and exponent)
    are then the low ones of each half, and a multiplication carries low bits upwards only: read the
    other way round, pictures of 0.0 and 1.0 would leave 9 bits of a hash.
  * The step between words has no factor in common with their number, so that it does not fall on
    the same columns of every row of a picture.
  * The constants of a row sum to zero, so that a sample whose values are all equal hashes to 0: it
    has no content to tell it from others like it, and is counted apart.
  * Of integers in more than one dimension (tokens) fixed positions are read, the first ones
    densely: zeros that pad a sample to the length of its batch do not change its hash.

Whether so few values are enough is checked on the first samples of a pass (taken.py).
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from goingdeep.watch.reading.memory import DTYPES, Array, address, array, at_address

U64 = npt.NDArray[np.uint64]

WORDS = 48
"""About as many words are read of a sample: all of them up to 64."""

ALL_WORDS = 64
ALIKE = 16
"""From this many words on a sample whose values are all equal is one without content."""

MAX_ROW = 1 << 17
"""Words of one sample that are read where it is read as a whole: one MiB."""

MAX_WHOLE = 1 << 19
"""Words of a batch then: four MiB. Of a larger one the first samples are read."""

PART = 4
"""Every so many words of those that are read make the weaker hash, which shows collisions early."""

_MAX_PLANS = 256
_MAX_LAID = 16
_BYTES = frozenset({torch.uint8, torch.int8, torch.bool})
_INTEGERS = frozenset(
    {torch.int64, torch.int32, torch.int16, torch.uint16, torch.uint32, torch.uint64}
)


def odd_numbers(count: int) -> U64:
    """Numbers without pattern, the same in every process (SplitMix64: no generator is used)."""
    state = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (mixed ^ (mixed >> np.uint64(31))) | np.uint64(1)


def _summing_to_zero(constants: U64) -> U64:
    """The same, with the last one changed so that equal words cancel each other."""
    found = constants.copy()
    if len(found) >= ALIKE:
        found[-1:] = np.uint64(0) - np.add.reduce(found[:-1], keepdims=True)
    return found


_POSITIONS = np.array([*range(128), *range(128, 1024, 4), *range(1024, 4096, 32)])
"""Where integers are read. The same for every length, so that padding is not seen."""

_ODD = odd_numbers(len(_POSITIONS))


class _Plan(NamedTuple):
    """How a batch of one shape and type is read.

    words: shape of what is read; strides in bytes. at: elements of a row, for tensors that are not
    contiguous. laid: the newest arrays by address: batches take turns in the same memory. They are
    read only while a tensor of this shape lies there. part: constants of the weaker hash.
    everything: whether no value is left out.
    """

    word: np.dtype[Any]
    words: tuple[int, int]
    start: int
    strides: tuple[int, int]
    constants: U64
    part: U64
    at: tuple[npt.NDArray[np.intp], ...]
    dense: bool
    everything: bool
    laid: dict[int, Array]


_plans: dict[tuple[Any, ...], _Plan] = {}
_row_constants: dict[int, U64] = {}


def sample_hashes(tensor: Tensor, most: int = 0, *, alone: bool = False) -> U64 | None:
    """One hash per sample, u64[N], of a batch [N, ...]; None where its memory cannot be read.

    To be called with torch functions disabled. most: only the first samples. alone: the tensor is
    one sample, without an axis for the batch.
    """
    key = (tensor.shape, tensor.dtype, most, alone)
    plan = _plans.get(key) or _plan_of(tensor, key)
    if plan is None:
        return None
    words = _words(tensor, plan, alone=alone)
    return None if words is None else np.dot(words, plan.constants)


def weak_hashes(tensor: Tensor, *, alone: bool = False) -> U64 | None:
    """As `sample_hashes`, of a quarter of the words: what tells these apart, tells all apart."""
    key = (tensor.shape, tensor.dtype, 0, alone)
    plan = _plans.get(key) or _plan_of(tensor, key)
    words = None if plan is None else _words(tensor, plan, alone=alone)
    return None if words is None or plan is None else np.dot(words, plan.part)


def reads_everything(tensor: Tensor, *, alone: bool = False) -> bool:
    """Whether `sample_hashes` leaves no value of these samples out."""
    plan = _plans.get((tensor.shape, tensor.dtype, 0, alone))
    return plan is not None and plan.everything


def whole_hashes(tensor: Tensor, *, alone: bool = False) -> U64 | None:
    """As `sample_hashes`, of all words of each sample, within `MAX_ROW` and `MAX_WHOLE`."""
    values = array(tensor)
    if values is None or not values.ndim:
        return None
    rows = values[None] if alone else values
    row = max(1, math.prod(rows.shape[1:]) * rows.itemsize)
    rows = rows[: max(1, MAX_WHOLE * 8 // row)]
    word = _word(tensor.dtype, row)
    words = np.ascontiguousarray(rows).reshape(len(rows), -1).view(word)[:, :MAX_ROW]
    count = words.shape[1]
    constants = _row_constants.get(count)
    if constants is None:
        if len(_row_constants) >= 16:
            _row_constants.clear()
        constants = _row_constants[count] = _summing_to_zero(odd_numbers(count))
    return np.dot(words, constants)  # type: ignore[no-any-return]


def _words(tensor: Tensor, plan: _Plan, *, alone: bool) -> Array | None:
    if plan.dense and tensor.is_contiguous():
        where = address(tensor)
        if not where:
            return None
        words = plan.laid.get(where)
        if words is None:
            if len(plan.laid) >= _MAX_LAID:
                plan.laid.clear()
            words = plan.laid[where] = np.ndarray(
                plan.words, plan.word, at_address(where), plan.start, plan.strides
            )
        return words
    values = array(tensor)
    if values is None:
        return None
    # An index array per axis copies just these values, and each row of them in one piece.
    rows: tuple[Any, ...] = (slice(plan.words[0]), *plan.at)
    picked = (values[None] if alone else values)[rows]
    return np.ascontiguousarray(picked).reshape(plan.words[0], -1).view(plan.word)


def _plan_of(tensor: Tensor, key: tuple[Any, ...]) -> _Plan | None:
    shape, dtype, most, alone = key
    if dtype not in DTYPES or not shape or not tensor.numel():
        return None
    if len(_plans) >= _MAX_PLANS:
        _plans.clear()
    count, *row = (1, *shape) if alone else shape
    plan = _plans[key] = _plan(min(count, most) if most else count, tuple(row), dtype)
    return plan


def _word(dtype: torch.dtype, row: int) -> np.dtype[Any]:
    """How the memory of a row of so many bytes is read."""
    size = DTYPES[dtype].itemsize
    if dtype in _BYTES:
        return np.dtype("<u4" if row % 4 == 0 else "u1")
    if size == 2:  # two in a word at most: of the upper half only its own bits survive
        return np.dtype(">u4" if row % 4 == 0 else ">u2")
    return np.dtype(">u8" if row % 8 == 0 else ">u4")


def _plan(samples: int, shape: tuple[int, ...], dtype: torch.dtype) -> _Plan:
    size = DTYPES[dtype].itemsize
    values = math.prod(shape)
    row = values * size
    if dtype in _INTEGERS and shape:
        at = _POSITIONS[values > _POSITIONS]
        word, start, step, count = np.dtype(f"<u{size}"), 0, 1, len(at)
        constants, dense = _ODD[:count].copy(), count == values
        everything = dense
    else:
        word = _word(dtype, row)
        total = row // word.itemsize
        step = 1 if total <= ALL_WORDS else -(-total // WORDS)
        while math.gcd(step, total) > 1:
            step += 1
        count = (total - 1) // step + 1
        start = (total - ((count - 1) * step + 1)) // 2
        constants, dense = _summing_to_zero(_ODD[:count]), True
        everything = count == total
        # A word is one value or several: these are the values that the words are made of.
        several = word.itemsize // size
        at = ((start + np.arange(count) * step)[:, None] * several + np.arange(several)).ravel()
    part = np.zeros_like(constants)
    part[::PART] = _ODD[:count:PART]
    return _Plan(
        word, (samples, count), start * word.itemsize, (row, step * word.itemsize), constants,
        part, np.unravel_index(at, shape) if shape else (), dense, everything, {},
    )  # fmt: skip
