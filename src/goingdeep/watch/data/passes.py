"""Walks over loaders: every iterator of `torch.utils.data` ends in the class that is wrapped here.

A pass begins with the first batch of an iterator (or with its end, if it is empty), and ends with
StopIteration. One that is dropped before is given up: that shows when its iterator dies, when the
same loader is walked again to the end, or when the watcher stops.
"""

from __future__ import annotations

import itertools
import threading
from typing import TYPE_CHECKING, Any

from goingdeep.watch.data import workers
from goingdeep.watch.data.active import ActivePass
from goingdeep.watch.data.ledger import Ledger
from goingdeep.watch.data.origins import Origins
from goingdeep.watch.data.read import WHOLE_PASSES
from goingdeep.watch.data.walks import Walk, Walks
from goingdeep.watch.patches import Row
from goingdeep.watch.reading.attributes import plain

if TYPE_CHECKING:
    from goingdeep.watch.watcher import Watcher

__all__ = ["ROWS", "ActivePass", "Passes"]

Args = tuple[Any, ...]
Kwargs = dict[str, Any]

MAX_OPEN = 64
"""Passes that go on at one time; the oldest is given up beyond it."""


class Passes:
    """All passes over all loaders of one watcher."""

    def __init__(self, watcher: Watcher) -> None:
        self._recorder = watcher.recorder
        self.walks = Walks(watcher.recorder)
        self._ledger = Ledger(watcher.recorder, self.walks.loaders_alive)
        self._origins = Origins()
        self._identities = itertools.count()
        self._clock = itertools.count(1)
        self._open: dict[int, Walk] = {}  # by number of the pass
        self._newest: dict[int, ActivePass] = {}

    # ---------------------------------------------------------------- what happens to iterators

    def made(self, iterator: Any, loader: object) -> None:
        """An iterator was made of a loader."""
        if self.walks.dead:
            self._bury()
        self.walks.made(iterator, loader)

    def again(self, iterator: Any) -> None:
        """An iterator that lives longer than one pass (persistent workers) begins anew."""
        walk = self.walks.of(iterator)
        self._close(walk)
        walk.begin(iterator)

    def batch(self, iterator: Any, data: Any, site: int = -1) -> ActivePass:
        """An iterator gave a batch."""
        walk, thread = self.walks.of(iterator), threading.get_ident()
        if self.walks.dead:
            self._bury()
        active = walk.active
        if active is None:
            active = self._begin(walk, iterator, site)
        active.last_given = next(self._clock)
        tensors, first, hashes = active.take(data)
        self._origins.gave(active, thread, tensors, first, hashes)
        self._newest[thread] = active
        return active

    def ended(self, iterator: Any, site: int = -1) -> None:
        """An iterator raised StopIteration."""
        if self.walks.dead:
            self._bury()
        walk = self.walks.of(iterator)
        if walk.over:
            return  # asked once more
        walk.over = True
        active = walk.active or self._begin(walk, iterator, site)
        active.complete = not active.broken
        self._close(walk)
        # What was walked before this pass and left lying is given up.
        for other in list(self._open.values()):
            left = other.active
            if left is not None and other.known is walk.known and left.last_given < active.opened:
                self._close(other)

    def raised(self, iterator: Any) -> None:
        """An iterator raised something else; it may go on, but its pass has lost a batch."""
        active = self.walks.of(iterator).active
        if active is not None:
            active.broken = True

    def origin(self, args: Args, kwargs: Kwargs | None) -> ActivePass | None:
        """The pass from which the input of a forward came; None where it came from no loader."""
        if self.walks.dead:
            self._bury()
        given = self._origins.of(args, kwargs)
        if given is None:
            return None
        active = given.pass_
        active.turn(given.number)
        if self._ledger.waiting:
            self._ledger.used(active)
        return active

    def newest(self) -> ActivePass | None:
        """The pass that gave this thread's newest batch; that of any thread if it never had one."""
        found = self._newest.get(threading.get_ident())
        if found is None and self._newest:
            found = max(list(self._newest.values()), key=lambda active: active.id)
        return found

    def finish(self) -> None:
        """Close and write everything."""
        self._bury()
        for walk in self.walks.all():
            self._close(walk)
            self.walks.forget(walk)
        self._ledger.finish()
        self._newest.clear()
        self._origins.forget()

    # ---------------------------------------------------------------- passes

    def _begin(self, walk: Walk, iterator: Any, site: int) -> ActivePass:
        self.walks.write(walk, iterator, site)
        known = walk.known
        known.passes += 1
        seed = plain(iterator, "_base_seed")
        active = walk.active = ActivePass(
            next(self._identities), known, known.passes, site,
            collated=known.batched or plain(iterator, "_auto_collation") is not False,
            seed=seed if type(seed) is int and abs(seed) < 2**63 else 0,
            check=self._ledger.checks(known.id),
            briefly=known.passes > WHOLE_PASSES and walk.drawn is not None,
        )  # fmt: skip
        active.opened = active.last_given = next(self._clock)
        # A walk that had begun before it was watched is not known as a whole.
        active.broken = walk.late and plain(iterator, "_num_yielded") != 1
        self._open[active.id] = walk
        if len(self._open) > MAX_OPEN:
            self._close(next(iter(list(self._open.values()))))
        if len(self._newest) > MAX_OPEN:
            self._newest.clear()
        return active

    def _close(self, walk: Walk) -> None:
        active, walk.active = walk.active, None
        if active is None:
            return
        if walk.report:
            report, walk.report = walk.report, ""
            workers.tell(self._recorder, report, active.loader, active.number)
        self._open.pop(active.id, None)
        if active.batches and active.batches == active.known.length and not active.broken:
            active.complete = True  # many frameworks count, and never ask for the end
        if active.complete and walk.drawn:  # workers draw ahead of a pass that is given up
            active.indices = f"{walk.drawn % 2**64:016x}"
        active.open = False
        active.closed = next(self._clock)
        self._ledger.enter(active)

    def _bury(self) -> None:
        """Close the passes whose iterators are gone."""
        dead = self.walks.dead
        while dead:
            try:
                walk = dead.popleft()
            except IndexError:  # another thread was faster
                break
            self._close(walk)
            self.walks.forget(walk)


# The rows ---------------------------------------------------------------------------------------


def _loader_made(watcher: Watcher, token: Any, args: Args, kwargs: Kwargs, result: Any) -> None:
    watcher.passes.walks.loader_made(args[0], watcher.recorder.sites.of_making(2))


def _made(watcher: Watcher, token: Any, args: Args, kwargs: Kwargs, result: Any) -> None:
    watcher.passes.made(args[0], args[1] if len(args) > 1 else kwargs["loader"])


def _drew(watcher: Watcher, token: Any, args: Args, kwargs: Kwargs, result: Any) -> None:
    watcher.passes.walks.of(args[0]).drew(result)


def _again(watcher: Watcher, token: Any, args: Args, kwargs: Kwargs, result: Any) -> None:
    watcher.passes.again(args[0])


def _workers_before(watcher: Watcher, args: Args, kwargs: Kwargs) -> Any:
    loader = args[1] if len(args) > 1 else kwargs["loader"]
    reporter = watcher.passes.walks.ask_workers(loader)
    return (loader, args[0], reporter) if reporter is not None else None


def _workers_after(watcher: Watcher, token: Any, args: Args, kwargs: Kwargs, result: Any) -> None:
    if token is not None:
        workers.unask(*token)
        watcher.passes.walks.of(args[0]).report = token[2].path


def _workers_failed(watcher: Watcher, token: Any, error: BaseException) -> None:
    if token is not None:
        workers.unask(*token)
        workers.drop(token[2].path)


def _next_before(watcher: Watcher, args: Args, kwargs: Kwargs) -> Any:
    return args[0]


def _next_after(watcher: Watcher, token: Any, args: Args, kwargs: Kwargs, result: Any) -> None:
    site = watcher.recorder.sites.here(3)
    active = watcher.passes.batch(token, result, site)
    watcher.lane().batch(active, site, result)


def _next_failed(watcher: Watcher, token: Any, error: BaseException) -> None:
    if isinstance(error, StopIteration):
        watcher.passes.ended(token, watcher.recorder.sites.here(3))
    else:
        watcher.passes.raised(token)


_ITERATOR = "torch.utils.data.dataloader:_BaseDataLoaderIter"
_WITH_WORKERS = "torch.utils.data.dataloader:_MultiProcessingDataLoaderIter"

ROWS: tuple[Row, ...] = (
    Row("torch.utils.data.dataloader:DataLoader", "__init__", None, _loader_made),
    Row(_ITERATOR, "__init__", None, _made),
    Row(_ITERATOR, "_reset", None, _again),
    Row(_ITERATOR, "_next_index", None, _drew),
    Row(_ITERATOR, "__next__", _next_before, _next_after, _next_failed),
    Row(_WITH_WORKERS, "__init__", _workers_before, _workers_after, _workers_failed),
)
