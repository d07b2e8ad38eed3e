"""Which samples two loaders have in common, by their hashes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from goingdeep.watch.data.samples import U64
from goingdeep.watch.data.taken import MAX_KEPT, Taken

MAX_LOADERS = 16
"""Loaders whose samples are kept: with `MAX_KEPT` of each, 8 MiB."""


class Summary(NamedTuple):
    """What the samples of one pass are.

    hashed: whether all were told apart. uncompared: loaders whose samples could not be compared,
    because a part of their values is not enough to tell samples apart.
    """

    hashed: bool
    distinct: int
    constant: int
    overlap: dict[int, int]
    uncompared: bool


class _Kept:
    """The different samples of one loader, sorted; whole: by hashes of whole samples."""

    __slots__ = ("complete", "content", "enough", "waiting", "whole")

    def __init__(self) -> None:
        self.content: U64 = np.empty(0, np.uint64)
        self.whole: U64 | None = None
        self.enough = True
        self.complete = False
        self.waiting: list[U64] = []


class Overlaps:
    """The samples of each loader's first complete pass, to tell which another loader gives too."""

    def __init__(self) -> None:
        self._kept: dict[int, _Kept] = {}
        self._changes = 0
        self._last: dict[int, tuple[tuple[int, ...], Summary]] = {}

    def knows(self, loader: int) -> bool:
        """Whether samples of this loader are compared, or can be from now on."""
        return loader in self._kept or len(self._kept) < MAX_LOADERS

    def wants(self, loader: int) -> bool:
        """Whether its next pass may be the first complete one."""
        known = self._kept.get(loader)
        return self.knows(loader) if known is None else not known.complete

    def forget(self, loader: int) -> None:
        """A loader that is gone makes room."""
        self._kept.pop(loader, None)
        self._last.pop(loader, None)
        self._changes += 1

    def loaders(self) -> list[int]:
        """Those whose samples are kept, the oldest first."""
        return list(self._kept)

    def summary(self, loader: int, taken: Taken, *, complete: bool) -> Summary:
        """What one pass of a loader took, compared with what the others give.

        Changes: keeps its samples for later comparisons.
        """
        kept = taken.kept
        # The same samples in another order are the usual case: then the sorting is saved.
        sign = (len(kept), int(np.add.reduce(kept)), int(np.bitwise_xor.reduce(kept)))
        last = self._last.get(loader)
        if last is not None and last[0] == (*sign, self._changes):
            return last[1]
        known = self._kept.get(loader)
        # Later passes are not hashed as a whole: then what the first one showed holds.
        enough = taken.enough and (known is None or known.enough)
        constant, distinct, content = _sorted(kept)
        whole = None
        if taken.whole is not None:
            exact = _sorted(taken.whole)
            whole = exact[2]
            if not enough:
                constant, distinct = exact[:2]
        overlap, uncompared = self._shared(loader, content, whole, enough=enough)
        result = Summary(
            len(kept) == taken.samples and (enough or whole is not None),
            distinct, constant, overlap, uncompared,
        )  # fmt: skip
        self._keep(loader, _different(content), whole, enough=enough, complete=complete)
        if loader in self._kept:
            self._last[loader] = ((*sign, self._changes), result)
        return result

    def _shared(
        self, loader: int, content: U64, whole: U64 | None, *, enough: bool
    ) -> tuple[dict[int, int], bool]:
        overlap: dict[int, int] = {}
        uncompared = False
        for number, other in list(self._kept.items()):
            if number == loader:
                continue
            if enough and other.enough:
                count = _members(content, other.content)
            elif whole is not None and other.whole is not None:
                count = _members(whole, other.whole)
            else:
                uncompared = True
                continue
            if count:
                overlap[number] = count
        return overlap, uncompared

    def _keep(
        self, loader: int, content: U64, whole: U64 | None, *, enough: bool, complete: bool
    ) -> None:
        if not self.wants(loader) or not len(content):
            return
        known = self._kept.setdefault(loader, _Kept())
        known.enough = enough
        if complete or not len(known.content):
            known.complete = complete
            known.waiting.clear()
            known.content = content
            known.whole = None if whole is None else _different(whole)
            self._changes += 1
            return
        # Passes that are given up early add to each other; joining only what has doubled keeps the
        # cost of `next(iter(loader))` in every step small.
        known.whole = None
        if len(known.content) >= MAX_KEPT:
            return
        known.waiting.append(content)
        if sum(map(len, known.waiting)) >= len(known.content):
            joined = np.unique(np.concatenate([known.content, *known.waiting]))
            known.content = joined[:MAX_KEPT]
            known.waiting.clear()
            self._changes += 1


def _sorted(hashes: U64) -> tuple[int, int, U64]:
    """How many have no content, how many are different, and those with content, sorted."""
    ordered = np.sort(hashes)
    constant = int(np.searchsorted(ordered, 0, side="right"))
    distinct = int(np.count_nonzero(ordered[1:] != ordered[:-1])) + bool(len(ordered))
    return constant, distinct, ordered[constant:]


def _different(ordered: U64) -> U64:
    keep = np.ones(len(ordered), dtype=bool)
    np.not_equal(ordered[1:], ordered[:-1], out=keep[1:])
    return ordered[keep]


def _members(ordered: U64, others: U64) -> int:
    """How many of the one are among the other; both sorted."""
    if not len(ordered) or not len(others):
        return 0
    at = np.searchsorted(others, ordered)
    at[at == len(others)] = 0
    return int(np.count_nonzero(others[at] == ordered))
