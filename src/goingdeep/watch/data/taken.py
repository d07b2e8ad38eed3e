"""The samples that one pass took: their hashes in order, and whether these tell them apart.

A hash reads some dozens of values of a sample, which is enough for pictures and text, and not for
rows that are nearly all zero. So the first samples are also hashed as a whole, and by a quarter of
those values. If even the quarter hardly ever confuses two different samples, the values are enough;
otherwise this pass goes on with whole samples.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import numpy as np
from torch import Tensor

from goingdeep.watch.data.samples import (
    U64,
    odd_numbers,
    reads_everything,
    sample_hashes,
    weak_hashes,
    whole_hashes,
)

MAX_KEPT = 65_536
"""Hashes kept of one pass."""

HEAD = 5
"""Batches whose hashes are written one by one."""

CHECKED = 2_048
"""Samples that are also hashed as a whole."""

CONFUSED = 1.5e-4
"""Share of pairs of different samples that the weak hash may confuse.

The full hash reads four times as much. Were only twice as much of it independent, it would confuse
the square of this share: less than one sample in 600 with any of 65,536 others.
"""

EMPTY = 0.01
"""Share of samples in which the hash may see nothing although there is something."""

_MERGE = 256
_BASE = int(odd_numbers(1)[0])
_POWERS = np.cumprod(np.array([1, *[_BASE] * 16_383], dtype=np.uint64), dtype=np.uint64)


class Taken(NamedTuple):
    """The samples of a pass that has ended.

    order: hash of all in their order. kept: the hashes of the first `MAX_KEPT`. whole: those of
    whole samples, where each of the kept has one. enough: whether `kept` tells samples apart.
    """

    order: str
    head: tuple[str, ...]
    samples: int
    kept: U64
    whole: U64 | None
    enough: bool


class Samples:
    """The samples of one pass, as they come.

    Args:
        check: whether their hashes are to be checked.
    """

    def __init__(self, *, check: bool = False) -> None:
        self.count = 0
        self.head: list[str] = []
        self._new: list[U64] = []
        self._blocks: list[U64] = []
        self._kept = 0
        self._order = self._merged = 0
        self._weak: list[U64] = []
        self._whole: list[U64] = []
        self._whole_count = 0
        self._reads_whole = check
        self._enough = True

    def read(self, tensor: Tensor, *, alone: bool) -> U64 | None:
        """Hash one more batch, and remember it. To be called with torch functions disabled."""
        hashes = sample_hashes(tensor, alone=alone)
        if hashes is not None:
            self.add(hashes)
            if self._reads_whole and not reads_everything(tensor, alone=alone):
                self._read_whole(tensor, alone=alone)
        return hashes

    def add(self, hashes: U64) -> None:
        """The samples of one more batch."""
        if len(self.head) < HEAD:
            self.head.append(hashlib.blake2b(hashes.data, digest_size=8).hexdigest())
        self._new.append(hashes)
        self.count += len(hashes)
        if len(self._new) >= _MERGE:
            self._merge()

    def _read_whole(self, tensor: Tensor, *, alone: bool) -> None:
        whole = whole_hashes(tensor, alone=alone)
        weak = weak_hashes(tensor, alone=alone) if self._enough else None
        if whole is None or self._whole_count + len(whole) > MAX_KEPT:
            self._reads_whole = False
            return
        self._whole.append(whole)
        self._whole_count += len(whole)
        if weak is not None:
            self._weak.append(weak)
            if self._whole_count >= CHECKED:
                self._check()
                self._reads_whole = not self._enough

    def _check(self) -> None:
        if not self._enough or not self._weak:
            return
        weak, whole = np.concatenate(self._weak), np.concatenate(self._whole)
        self._weak.clear()
        self._merge()
        hashes = np.concatenate(self._blocks)
        if not len(weak) == len(whole) == len(hashes):
            return  # of very large samples not all are read as a whole
        # What is equal as a whole is the same sample.
        pairs = len(weak) * (len(weak) - 1) / 2
        seen, content = weak != 0, hashes != 0
        self._enough = bool(
            _equal_pairs(weak[seen]) - _equal_pairs(whole[seen]) <= CONFUSED * pairs
            and _equal_pairs(hashes[content]) == _equal_pairs(whole[content])
            and np.count_nonzero(whole[~content]) <= EMPTY * len(weak)
        )

    def _merge(self) -> None:
        if not self._new:
            return
        block = np.concatenate(self._new)
        self._new.clear()
        # A polynomial in the position: the same for batches of any size.
        for first in range(0, len(block), len(_POWERS)):
            part = block[first : first + len(_POWERS)]
            value = int(np.dot(part, _POWERS[: len(part)]))
            self._order += value * pow(_BASE, self._merged, 2**64)
            self._merged += len(part)
        self._order %= 2**64
        if self._kept < MAX_KEPT:
            # A copy: a view would keep all of the block.
            self._blocks.append(block[: MAX_KEPT - self._kept].copy())
            self._kept += len(self._blocks[-1])

    def close(self) -> Taken:
        """The pass has ended."""
        self._merge()
        self._check()
        kept = np.concatenate(self._blocks) if self._blocks else np.empty(0, np.uint64)
        whole = np.concatenate(self._whole) if self._whole else None
        if whole is not None and len(whole) != len(kept):
            whole = None
        order = f"{self._order:016x}" if self.count else ""
        return Taken(order, tuple(self.head), self.count, kept, whole, self._enough)


def _equal_pairs(hashes: U64) -> int:
    counts = np.unique(hashes, return_counts=True)[1]
    return int((counts * (counts - 1) // 2).sum())
