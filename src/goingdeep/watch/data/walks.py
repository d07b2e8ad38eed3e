"""Loaders and the iterators made of them, each loader with its number.

Neither is kept alive. An iterator that dies is only noted: that may happen while anything is going
on, so its pass is closed at the next ordinary call.
"""

from __future__ import annotations

import itertools
import weakref
from collections import deque
from typing import TYPE_CHECKING, Any

import numpy as np

from goingdeep.record.seen import Loader
from goingdeep.watch.data import workers
from goingdeep.watch.data.datasets import Datasets
from goingdeep.watch.data.loaders import KnownLoader, loader_facts, stand_in
from goingdeep.watch.data.reporter import Reporter
from goingdeep.watch.reading.attributes import plain

if TYPE_CHECKING:
    from goingdeep.watch.data.active import ActivePass
    from goingdeep.watch.writing.recorder import Recorder

MAX_LOADERS_WRITTEN = 1_000
MAP_STYLE = 0
"""PyTorch's `_dataset_kind` of a dataset that is read by index."""

_NUMBERS = frozenset({int, np.int64, np.int32})


class Walk:
    """One iterator. active: its pass. over: it has ended. report: where its workers report to.

    late: its walk had begun before the watcher came. drawn: hash of the indices that its sampler
    drew so far; None where they are not numbers.
    """

    __slots__ = ("active", "alive", "drawn", "key", "known", "late", "over", "report")

    def __init__(self, iterator: object, known: KnownLoader, dead: deque[Walk]) -> None:
        self.alive = weakref.ref(iterator, lambda _: dead.append(self))
        self.key = id(iterator)
        self.known = known
        self.active: ActivePass | None = None
        self.report = ""
        self.begin(iterator)

    def begin(self, iterator: object) -> None:
        """It begins, or begins anew."""
        self.over = self.late = False
        # A stream's sampler draws nothing; fastai's is one to PyTorch, and counts on and on.
        self.drawn: int | None = 0 if plain(iterator, "_dataset_kind") == MAP_STYLE else None

    def drew(self, index: Any) -> None:
        """Its sampler drew the indices of one batch, or a single one."""
        if self.drawn is not None:
            indices = tuple(index) if type(index) is list else (index,)
            # The hash of an object would be its address, or code of the user's.
            known = not indices or type(indices[0]) in _NUMBERS
            self.drawn = hash((self.drawn, indices)) if known else None


class Walks:
    """Every iterator that is alive, and every loader."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._datasets = Datasets(recorder.gap)
        self._numbers = itertools.count()
        self._by_iterator: dict[int, Walk] = {}
        self._by_loader: dict[int, KnownLoader] = {}
        self.dead: deque[Walk] = deque()
        self._dead_loaders: deque[Any] = deque()
        self._making: dict[int, tuple[weakref.ref[object], int]] = {}

    def loader_made(self, loader: object, site: int) -> None:
        """A loader was made at this line."""
        key = id(loader)
        self._making[key] = weakref.ref(loader, lambda _: self._making.pop(key, None)), site

    def made(self, iterator: Any, loader: object) -> None:
        """An iterator was made of a loader."""
        walk = Walk(iterator, self._known(loader, iterator), self.dead)
        walk.known.walks += 1
        self._by_iterator[walk.key] = walk

    def of(self, iterator: Any) -> Walk:
        """The walk of an iterator, also of one that was made before the watcher came."""
        walk = self._by_iterator.get(id(iterator))
        if walk is not None and walk.alive() is iterator:
            return walk
        sign = stand_in(iterator)
        known = self._by_loader.get(id(sign))
        if known is None or known.alive() is not sign:
            known = self._add(sign)
        walk = self._by_iterator[id(iterator)] = Walk(iterator, known, self.dead)
        walk.late = True
        walk.drawn = None  # some may have been drawn before
        known.walks += 1
        return walk

    def all(self) -> list[Walk]:
        """Those that are alive, by the number of their pass."""
        walks = list(self._by_iterator.values())
        return sorted(walks, key=lambda walk: walk.active.id if walk.active else -1)

    def forget(self, walk: Walk) -> None:
        """It is gone."""
        if self._by_iterator.get(walk.key) is walk:
            del self._by_iterator[walk.key]
        if walk.report:
            workers.drop(walk.report)
        if len(self._dead_loaders) > MAX_LOADERS_WRITTEN:
            self._dead_loaders.clear()
            for key in [k for k, known in self._by_loader.items() if known.alive() is None]:
                del self._by_loader[key]

    def loaders_alive(self) -> set[int]:
        """Numbers of the loaders that still exist."""
        return {known.id for known in self._by_loader.values() if known.alive() is not None}

    def _known(self, loader: object, iterator: Any) -> KnownLoader:
        known = self._by_loader.get(id(loader))
        if known is not None and known.alive() is loader:
            return known
        # A walk of it may have begun before the loader itself could be seen.
        sign = stand_in(iterator)
        early = self._by_loader.get(id(sign))
        if early is None or early.alive() is not sign:
            return self._add(loader)
        early.name(loader, self._dead_loaders.append)
        self._by_loader[id(loader)] = early
        return early

    def _add(self, loader: object) -> KnownLoader:
        known = KnownLoader(next(self._numbers), loader, self._dead_loaders.append)
        self._by_loader[id(loader)] = known
        return known

    def write(self, walk: Walk, iterator: Any, site: int) -> None:
        """The first walk of a loader begins: write what it is."""
        known = walk.known
        if known.written:
            return
        known.written = True
        if known.id >= MAX_LOADERS_WRITTEN:
            self._recorder.gap("loaders", f"more than {MAX_LOADERS_WRITTEN:,} were walked")
            return
        loader = None if walk.late else known.alive()
        facts = loader_facts(loader, iterator, self._datasets)
        known.length = None if facts["dataset"].iterable else facts["length"]
        known.sign = (facts["dataset"].id, site)
        reference, made = self._making.get(id(loader), (None, -1))
        if reference is None or reference() is not loader:
            made = -1
        self._recorder.event(Loader, id=known.id, site=site, made=made, **facts)
        if walk.late and plain(iterator, "_num_yielded") != 1:
            self._recorder.gap(
                f"the first batches of loader {known.id}", "they were read before it was watched"
            )

    def ask_workers(self, loader: Any) -> Reporter | None:
        """Workers are about to start: let them report, in the first passes of each loader."""
        known = self._by_loader.get(id(loader))
        if known is not None and known.alive() is loader and known.walks >= workers.MAX_PASSES:
            return None
        return workers.ask(loader, self._recorder.folder)
