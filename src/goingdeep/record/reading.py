"""What a watcher saw of one process, gathered from the events: who took part, what happened, when.

`Seen` takes any valid sequence of events, in any state: one that is still being written, one that a
kill has cut, one that somebody has made up. What refers to nothing gives None; a stretch of steps
that cannot be (it ends before it begins, it holds more steps than fit) is left out. Events can be
added one by one, so that a run can be read while it goes on.

Numbers of models, sites and so on belong to the process that gave them: another rank, or the same
run after a resume, counts anew. `processes` tells them apart.
"""

from __future__ import annotations

import copy
import functools
import gc
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self, TypeVar, get_args

from goingdeep.record import look, seen
from goingdeep.record.event import Event, Gap, Unknown
from goingdeep.record.events import Failed, Finished, Interrupted, Resumed, Started
from goingdeep.record.log import read_events
from goingdeep.record.stretch import Stretch
from goingdeep.record.tied import Untied, untied

E = TypeVar("E", bound=Event)
L = TypeVar("L", bound=look.LookEvent)


@dataclass
class Look:
    """The close look at one step.

    training: what it consists of, in order. evaluation: that of the first batch of an evaluation
    which came after this step.
    """

    step: int
    training: list[look.LookEvent] = field(default_factory=list)
    evaluation: list[look.LookEvent] = field(default_factory=list)

    def of(self, kind: type[L]) -> list[L]:
        """Everything of one kind in the training step."""
        return [part for part in self.training if isinstance(part, kind)]


@dataclass(frozen=True)
class End:
    """How it ended. error: "" where nothing went wrong; site: where it was raised.

    steps: done by then.
    """

    error: str = ""
    message: str = ""
    site: int = -1
    seconds: float | None = None
    steps: int = 0
    forwards: int | None = None
    backwards: int | None = None


class Seen:
    """The read model over the events of one process.

    Args:
        events: in the order in which they were written.
        folder: the run folder, for curves and blobs.

    sites, models, optimizers, schedulers, loaders, losses, anatomies: by number.
    passes, gaps, rare: in order. looks: by step.
    untied: parameters that were one tensor, and are two. end: None while nothing says how it ended.
    unknown: kinds of event that this version does not know, each with how often it was met.
    """

    def __init__(self, events: Iterable[Event] = (), folder: Path | None = None) -> None:
        self.folder = folder
        self.sites: dict[int, seen.Site] = {}
        self.models: dict[int, seen.Model] = {}
        self.optimizers: dict[int, seen.Optimizer] = {}
        self.schedulers: dict[int, seen.Scheduler] = {}
        self.loaders: dict[int, seen.Loader] = {}
        self.losses: dict[int, seen.LossFunction] = {}
        self.anatomies: dict[int, seen.Anatomy] = {}
        self.passes: list[seen.Pass] = []
        self.gaps: list[Gap] = []
        self.rare: list[Event] = []
        self.looks: dict[int, Look] = {}
        self.untied: list[Untied] = []
        self.end: End | None = None
        self.unknown: Counter[str] = Counter()
        self.watched = False
        self.rank = 0
        self._open: dict[tuple[int, str], Stretch] = {}
        self._closed: list[Stretch] = []
        self._sorted: list[Stretch] | None = None
        self._newest = 0
        self._take = self._takers()
        for event in events:
            self.add(event)

    def add(self, event: Event) -> None:
        """Take one more event."""
        kind = type(event)
        self.rank = event.rank
        # Not max(): a record may hold hundreds of thousands of events.
        if event.step > self._newest:  # noqa: PLR1730
            self._newest = event.step
        if not self.watched:
            self.watched = kind in WATCHED
        take = self._take.get(kind)
        if take is not None:
            take(event)

    def ahead(self, steps: Iterable[seen.Steps]) -> Self:
        """What was seen, and some steps more that are not written yet; this one stays as it is."""
        ahead = copy.copy(self)  # `add`, though, has a table of takers bound to this one
        ahead.__dict__ |= {"_open": {**self._open}, "_closed": [*self._closed], "_sorted": None}
        for event in steps:
            ahead._take_steps(event)  # noqa: SLF001 - its own class
        return ahead

    @property
    def stretches(self) -> list[Stretch]:
        """Steps in the order of their first; those that go on the same way are one."""
        if self._sorted is None:
            self._sorted = sorted((*self._closed, *self._open.values()), key=lambda s: s.first)
        return self._sorted

    @property
    def steps(self) -> int:
        """Optimizer steps done, as far as the record says."""
        stretches = (*self._closed, *self._open.values())
        last = max((s.last for s in stretches), default=0)
        return max(last, self._newest, self.end.steps if self.end else 0)

    def counts(self, optimizer: int) -> dict[int, int]:
        """How many steps of an optimizer were done in which way: {anatomy: steps}."""
        found: dict[int, int] = {}
        for stretch in self.stretches:
            if stretch.optimizer == optimizer:
                found[stretch.anatomy] = found.get(stretch.anatomy, 0) + stretch.count
        return found

    def at(self, step: int) -> list[Stretch]:
        """The stretches that hold a step: one, or several where optimizers take uneven turns."""
        found = [stretch for stretch in self.stretches if stretch.holds(step)]
        return [s for s in found if s.whole] or found

    def site(self, number: int) -> seen.Site | None:
        """A place in the user's source."""
        return self.sites.get(number)

    def of(self, kind: type[E]) -> list[E]:
        """The rarer facts of one kind, in order."""
        return [event for event in self.rare if isinstance(event, kind)]

    # ---------------------------------------------------------------- taking events

    def _takers(self) -> dict[type[Event], Callable[[Any], object]]:
        by_number: dict[type[Event], dict[int, Any]] = {
            seen.Site: self.sites,
            seen.Optimizer: self.optimizers,
            seen.Scheduler: self.schedulers,
            seen.Loader: self.loaders,
            seen.LossFunction: self.losses,
            seen.Anatomy: self.anatomies,
        }
        takers: dict[type[Event], Callable[[Any], object]] = {
            kind: functools.partial(_put, place) for kind, place in by_number.items()
        }
        takers |= dict.fromkeys(get_args(look.LOOK), self._take_look)
        takers |= dict.fromkeys(RARE, self.rare.append)
        takers |= {
            seen.Model: self._take_model,
            seen.Steps: self._take_steps,
            seen.Pass: self.passes.append,
            Gap: self.gaps.append,
            Unknown: self._take_unknown,
            seen.Ended: self._take_end,
            Failed: self._take_end,
            Interrupted: self._take_end,
            Finished: self._take_end,
        }
        return takers

    def _take_model(self, event: seen.Model) -> None:
        self.untied += untied(self.models.get(event.id), event)
        self.models[event.id] = event

    def _take_steps(self, event: seen.Steps) -> None:
        if event.first < 1 or not 1 <= event.count <= event.last - event.first + 1:
            return
        new = Stretch(
            event.optimizer, event.anatomy, event.first, event.last, event.count, event.thread
        )
        self._sorted = None
        key = (event.optimizer, event.thread)
        old = self._open.get(key)
        if old is not None:
            if old.anatomy == new.anatomy and old.goes_on_with(new):
                new = replace(new, first=old.first, count=old.count + new.count)
            else:
                self._closed.append(old)
        self._open[key] = new

    def _take_look(self, event: look.LookEvent) -> None:
        found = self.looks.setdefault(event.look, Look(event.look))
        (found.training if event.phase == "training" else found.evaluation).append(event)

    def _take_unknown(self, event: Unknown) -> None:
        self.unknown[str(event.content.get("kind", "?"))[:80]] += 1

    def _take_end(self, event: Event) -> None:
        if isinstance(event, seen.Ended):
            self.end = End(
                event.error, event.message, event.site, event.seconds, event.steps,
                event.forwards, event.backwards,
            )  # fmt: skip
        elif isinstance(event, Failed):
            # The watcher, where there is one, knows the line too.
            self.end = replace(self.end or End(), error=event.error, message=event.message)
        elif isinstance(event, Interrupted):
            self.end = replace(self.end or End(), error=event.signal)
        elif isinstance(event, Finished):
            self.end = replace(self.end or End(), seconds=event.seconds)


def _put(place: dict[int, Any], event: Any) -> None:
    place[event.id] = event


def processes(events: Iterable[Event], folder: Path | None = None) -> Iterator[Seen]:
    """What each process did, in the order of rank, and of resumes within one."""
    going: dict[int, list[Seen]] = {}
    for event in events:
        of_rank = going.get(event.rank)
        if of_rank is None:
            of_rank = going[event.rank] = [Seen(folder=folder)]
        if type(event) in BEGINNINGS and of_rank[-1].watched:
            of_rank.append(Seen(folder=folder))
        of_rank[-1].add(event)
    for rank in sorted(going):
        yield from going[rank]


def read_processes(folder: Path) -> list[Seen]:
    """What each process of a run did; nothing where its events cannot be read."""
    # The collector would look through all that was read so far, again and again, and free nothing.
    collects = gc.isenabled()
    gc.disable()
    try:
        return list(processes(read_events(folder), folder))
    finally:
        if collects:
            gc.enable()


BEGINNINGS = frozenset((Started, Resumed))

RARE = (
    seen.CallMode, seen.ModuleMade, seen.ModuleHidden, seen.StateKept, seen.StateLoaded,
    seen.StateSaved, seen.Worker, seen.Kept, seen.Probed, seen.Exchange, seen.Accelerators,
)  # fmt: skip

WATCHED = frozenset((*get_args(seen.SEEN), *get_args(look.LOOK)))
"""Kinds of event that only a watcher writes."""
