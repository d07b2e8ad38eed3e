"""Samples told apart by content: a 64-bit hash of some dozens of strided values of each.

Rows of a batch are read in place as words, multiplied by odd constants and summed modulo 2**64: one
NumPy call for the whole batch, about 6 microseconds for float32[64,1,28,28].

  * Floats are read in big-endian words. The bits in which simple values differ (sign and exponent)
    are then the low ones of each half, and a multiplication carries low bits upwards only: read the
    other way round, pictures of 0.0 and 1.0 would leave 9 bits of a hash.
  * The step between words has no factor in common with their number, so that it does not fall on
    the same columns of every row of a picture, and the words lie around the middle.
  * The constants of a row sum to zero, so that a sample whose values are all equal hashes to 0: it
    has no content to tell it from others like it, and is counted apart.
  * Of integers in more than one dimension (tokens) fixed positions are read, the first ones densely:
    zeros that pad a sample to the length of its batch do not change its hash.
"""

from __future__ import annotations

import hashlib
import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from goingdeep.watch.memory import DTYPES, Array, address, array, at_address

U64 = npt.NDArray[np.uint64]

WORDS = 64
"""Words read of a sample: all of them where it has no more."""

ALIKE = 16
"""From this many words on a sample whose values are all equal is one without content."""

MAX_KEPT = 65_536
"""Hashes kept of one pass."""

MAX_LOADERS = 16
HEAD = 5
"""Batches whose hashes are written one by one."""

_MERGE = 256
_MAX_PLANS = 256
_INTEGERS = frozenset(
    {torch.int64, torch.int32, torch.int16, torch.uint16, torch.uint32, torch.uint64}
)


def _constants(count: int) -> list[int]:
    """Odd numbers without pattern (SplitMix64), the same in every process; no generator is drawn from."""
    found, state = [], 0x5EED
    for _ in range(count):
        state = (state + 0x9E3779B97F4A7C15) % 2**64
        mixed = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) % 2**64
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) % 2**64
        found.append((mixed ^ (mixed >> 31)) | 1)
    return found


_POSITIONS = np.array([*range(128), *range(128, 1024, 4), *range(1024, 4096, 32)])
"""Where integers are read. The same for every length, so that padding is not seen."""

_ODD = _constants(len(_POSITIONS))


class _Plan(NamedTuple):
    """How rows of one shape and type are read. at: elements, where they have to be gathered."""

    word: np.dtype[Any]
    row: int
    start: int
    step: int
    constants: U64
    at: tuple[npt.NDArray[np.intp], ...]
    dense: bool


_plans: dict[tuple[Any, ...], _Plan] = {}


def sample_hashes(tensor: Tensor, most: int = 0) -> U64 | None:
    """One hash per sample, u64[N], of a batch [N, ...]; None where its memory cannot be read.

    To be called with torch functions disabled. most: only the first samples.
    """
    shape, dtype = tensor.shape, tensor.dtype
    if dtype not in DTYPES or not shape or not tensor.numel():
        return None
    key = (shape[1:], dtype)
    plan = _plans.get(key)
    if plan is None:
        if len(_plans) >= _MAX_PLANS:
            _plans.clear()
        plan = _plans[key] = _plan(tuple(shape[1:]), dtype)
    count = min(shape[0], most) if most else shape[0]
    if plan.dense and tensor.is_contiguous():
        where = address(tensor)
        if not where:
            return None
        words: Array = np.ndarray(
            (count, len(plan.constants)), plan.word, at_address(where), plan.start,
            (plan.row, plan.step),
        )  # fmt: skip
    else:
        values = array(tensor)
        if values is None:
            return None
        # An index array per axis copies just these values, and each row of them in one piece.
        picked = values[(slice(count), *plan.at)] if plan.at else values[:count]
        words = np.ascontiguousarray(picked).reshape(count, -1).view(plan.word)
    return np.dot(words, plan.constants)  # type: ignore[no-any-return]


def _plan(shape: tuple[int, ...], dtype: torch.dtype) -> _Plan:
    size = DTYPES[dtype].itemsize
    values = math.prod(shape)
    row = values * size
    if dtype in _INTEGERS and shape:
        at = _POSITIONS[values > _POSITIONS]
        word = np.dtype(f"<u{size}")
        constants = np.array(_ODD[: len(at)], dtype=np.uint64)
        return _Plan(word, row, 0, size, constants, np.unravel_index(at, shape), len(at) == values)
    if dtype in {torch.uint8, torch.int8, torch.bool}:
        word = np.dtype("<u4" if row % 4 == 0 else "u1")
    elif size == 2:  # two in a word at most: of the upper half only its own bits survive
        word = np.dtype(">u4" if row % 4 == 0 else ">u2")
    else:
        word = np.dtype(">u8" if row % 8 == 0 else ">u4")
    total = row // word.itemsize
    step = max(1, total // WORDS)
    while math.gcd(step, total) > 1:
        step -= 1
    count = min(total, WORDS)
    start = (total - ((count - 1) * step + 1)) // 2
    odd = _ODD[:count]
    if count >= ALIKE:
        odd[-1] = -sum(odd[:-1]) % 2**64
    # A word is one value or several: these are the values that the words are made of.
    first = (start + np.arange(count) * step) * (word.itemsize // size)
    at = (first[:, None] + np.arange(word.itemsize // size)).ravel()
    indices = np.unravel_index(at, shape) if shape else ()
    return _Plan(
        word, row, start * word.itemsize, step * word.itemsize,
        np.array(odd, dtype=np.uint64), indices, dense=True,
    )  # fmt: skip


class Summary(NamedTuple):
    """What the samples of one pass are. kept: their hashes in order, at most `MAX_KEPT`."""

    order: str
    head: tuple[str, ...]
    kept: U64
    whole: bool
    distinct: int
    constant: int
    overlap: dict[int, int]


class Samples:
    """The hashes of the samples of one pass, in the order in which they came."""

    def __init__(self) -> None:
        self.count = 0
        self.head: list[str] = []
        self._new: list[U64] = []
        self._blocks: list[U64] = []
        self._kept = 0
        self._order = hashlib.blake2b(digest_size=8)

    def add(self, hashes: U64) -> None:
        """The samples of one more batch."""
        if len(self.head) < HEAD:
            self.head.append(hashlib.blake2b(hashes, digest_size=8).hexdigest())
        self._new.append(hashes)
        self.count += len(hashes)
        if len(self._new) >= _MERGE:
            self._merge()

    def _merge(self) -> None:
        if self._new:
            block = np.concatenate(self._new)
            self._new.clear()
            self._order.update(block)
            if self._kept < MAX_KEPT:
                block = block[: MAX_KEPT - self._kept]
                self._blocks.append(block)
                self._kept += len(block)

    def close(self) -> tuple[str, U64]:
        """The hash of everything in order, and the hashes that were kept."""
        self._merge()
        kept = np.concatenate(self._blocks) if self._blocks else np.empty(0, np.uint64)
        return (self._order.hexdigest() if self.count else "", kept)


class Overlaps:
    """The samples of each loader's first complete pass, to tell which another loader gives too."""

    def __init__(self) -> None:
        self._sets: dict[int, U64] = {}
        self._waiting: dict[int, list[U64]] = {}
        self._whole: set[int] = set()
        self._changes = 0
        self._last: dict[int, tuple[tuple[int, ...], int, int, dict[int, int]]] = {}

    def knows(self, loader: int) -> bool:
        """Whether samples of this loader are compared, or can be from now on."""
        return loader in self._sets or len(self._sets) < MAX_LOADERS

    def forget(self, loader: int) -> None:
        """A loader that is gone makes room."""
        self._sets.pop(loader, None)
        self._waiting.pop(loader, None)
        self._whole.discard(loader)
        self._last.pop(loader, None)

    def loaders(self) -> list[int]:
        """Those whose samples are kept, the oldest first."""
        return list(self._sets)

    def summary(self, loader: int, samples: Samples, *, complete: bool) -> Summary:
        """What one pass of a loader read, compared with what the others give.

        Changes: keeps its samples for later comparisons.
        """
        order, kept = samples.close()
        # The same samples in another order are the usual case: then the sorting is saved.
        sum_and_xor = (len(kept), int(np.add.reduce(kept)), int(np.bitwise_xor.reduce(kept)))
        last = self._last.get(loader)
        if last is not None and last[0] == (*sum_and_xor, self._changes):
            distinct, constant, overlap = last[1:]
        else:
            ordered = np.sort(kept)
            constant = int(np.searchsorted(ordered, 0, side="right"))
            first = np.ones(len(ordered), dtype=bool)
            np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
            distinct = int(np.count_nonzero(first))
            overlap = {}
            content = ordered[constant:]
            for other, others in list(self._sets.items()):
                if other != loader and (shared := _shared(content, others)):
                    overlap[other] = shared
            self._keep(loader, content[first[constant:]], complete=complete)
            self._last[loader] = ((*sum_and_xor, self._changes), distinct, constant, overlap)
        return Summary(
            order, tuple(samples.head), kept, len(kept) == samples.count, distinct, constant, overlap
        )

    def _keep(self, loader: int, content: U64, *, complete: bool) -> None:
        if loader in self._whole or not self.knows(loader) or not len(content):
            return
        if complete:
            self._whole.add(loader)
            self._waiting.pop(loader, None)
            self._sets[loader] = content
            self._changes += 1
            return
        # Passes that are given up early add to each other; joining only what has doubled keeps the
        # cost of `next(iter(loader))` in every step small.
        waiting = self._waiting.setdefault(loader, [])
        waiting.append(content)
        known = self._sets.get(loader)
        if known is None or sum(map(len, waiting)) >= len(known):
            parts = waiting if known is None else [known, *waiting]
            self._sets[loader] = np.unique(np.concatenate(parts))[:MAX_KEPT]
            self._waiting[loader] = []
            self._changes += 1
        elif len(known) >= MAX_KEPT:
            self._waiting[loader] = []


def _shared(ordered: U64, others: U64) -> int:
    """How many of the one are among the other; both sorted."""
    if not len(ordered) or not len(others):
        return 0
    at = np.searchsorted(others, ordered)
    at[at == len(others)] = 0
    return int(np.count_nonzero(others[at] == ordered))
