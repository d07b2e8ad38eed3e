"""Losses whose graph is kept alive: `total += loss` without `.item()` holds every step's graph.

The tensor that backward was called on is soon forgotten by the program, while the chain that it
added up still holds the graph node behind it. A node cannot be referred to weakly, and its Python
object is made anew whenever somebody asks for it. But the node owns a dictionary, `metadata`, that
lives exactly as long as the node itself: a small object of ours is put there, and a weak reference
to that object tells whether the node is alive. It costs a fifth of a microsecond and keeps nothing.
"""

from __future__ import annotations

import contextlib
import weakref
from collections import deque
from typing import TYPE_CHECKING, Any

from goingdeep.record.seen import Kept

if TYPE_CHECKING:
    from goingdeep.watch.watcher import Watcher

KEPT = 64
"""How many losses are followed."""

STRIDE = 7
"""After the first of them one in so many: where two optimizers take turns, each still has its own."""

YOUNG = 20
"""Steps during which a loss may be alive for a good reason: it is printed, or averaged."""

FEWEST = 2
"""One old loss that is alive is a variable that was forgotten, not a chain."""

_KEY = "goingdeep.alive"


class _Tag:
    """Lives as long as the graph node that owns it."""

    __slots__ = ("__weakref__", "followed")
    followed: bool


Followed = tuple["weakref.ref[_Tag]", int, int]
"""A tag, the step at which its loss was computed, and the line."""


class LossesAlive:
    """Follows the newest losses, in all threads."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher
        self._losses: deque[Followed] = deque(maxlen=KEPT)
        self._reported: dict[int, int] = {}
        self._noted = 0

    def note(self, node: Any, site: int = -1) -> Followed | None:
        """Follow a loss: one that had a backward, or one of an evaluation that recorded graphs.

        Args:
            node: the `grad_fn` of the loss, before anything is made of it; None is passed over.
            site: the line that called backward, or computed the loss.
        Returns:
            What `forget` takes; None where nothing new is followed.
        """
        self._noted += 1
        if node is None or (self._noted > KEPT and self._noted % STRIDE):
            return None
        metadata: dict[str, object] = node.metadata
        tag = metadata.get(_KEY)
        if not isinstance(tag, _Tag):
            tag = metadata[_KEY] = _Tag()
        elif tag.followed:
            return None  # a second backward through the same graph
        tag.followed = True
        followed = (weakref.ref(tag), self._watcher.recorder.steps, site)
        self._losses.append(followed)
        return followed

    def forget(self, followed: Followed) -> None:
        """Follow it no longer: it was no evaluation's."""
        tag = followed[0]()
        if tag is not None:
            tag.followed = False
        with contextlib.suppress(ValueError):
            self._losses.remove(followed)

    def count(self) -> dict[int, tuple[int, int]]:
        """By line: how many losses older than `YOUNG` steps are alive, and how many there are."""
        now = self._watcher.recorder.steps
        found: dict[int, tuple[int, int]] = {}
        for reference, step, site in list(self._losses):
            if now - step >= YOUNG:
                alive, of = found.get(site, (0, 0))
                found[site] = (alive + (reference() is not None), of + 1)
        return found

    def check(self) -> None:
        """Write a `graph-kept` event for each line where more are alive than was written before."""
        for site, (alive, of) in self.count().items():
            if alive >= max(FEWEST, 2 * self._reported.get(site, 0)):
                self._reported[site] = alive
                self._watcher.recorder.event(Kept, site=site, alive=alive, of=of)

    def finish(self) -> None:
        """The watcher is taken off."""
        self.check()
        self._losses.clear()
