"""The record's events as a page reads them, one by one, while a run goes on or afterwards.

Each gets `seq`, its place in the order. Left out are those of other processes than the first, and
what a page has no use for. Paths are made fit to be shown.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from goingdeep.record import seen
from goingdeep.record.encoding import to_json
from goingdeep.record.event import Blob, Event, Unknown
from goingdeep.record.events import FirstBatch, Resumed, WorstErrors
from goingdeep.record.look import LookEvent
from goingdeep.view.paths import Paths, without_home

LEFT_OUT = (seen.Worker, seen.SourceText, Unknown)
LONGEST_TEXT = 2_000
MOST_BYTES = 1 << 19
"""Of one event: a close look's largest has a fifth of it."""
OF_PICTURES = (FirstBatch, WorstErrors)


@dataclass(frozen=True, slots=True)
class Shaped:
    """An event as JSON. kind: of what it was made. blobs: what it refers to."""

    seq: int
    json: bytes
    event: Event
    blobs: tuple[Blob, ...]


class Shaper:
    """Makes events of a record into those of a page, in their order.

    Args:
        paths: what to call files.
        images: whether pictures of samples may leave.
        rank: of the process that is shown.
    """

    def __init__(self, paths: Paths, *, images: bool = True, rank: int = 0) -> None:
        self._paths = paths
        self._images = images
        self._seq = 0
        self.rank = rank

    def shape(self, event: Event) -> Shaped | None:
        """One more event; None where it is left out."""
        if event.rank != self.rank or isinstance(event, LEFT_OUT):
            return None
        if isinstance(event, seen.Site):
            event = msgspec.structs.replace(
                event,
                file=self._paths[event.file],
                via_file=self._paths[event.via_file] if event.via_file else "",
            )
        elif isinstance(event, seen.Pass):
            event = msgspec.structs.replace(event, hashes=None)
        elif isinstance(event, seen.StateSaved):
            event = msgspec.structs.replace(event, file=without_home(event.file))
        elif not isinstance(event, LookEvent):
            event = _texts(event)
        if not self._images:
            if isinstance(event, OF_PICTURES):
                return None
            event = _without_pictures(event)
        number = self._seq
        text = b'{"seq":%d,' % number + to_json(event)[1:]
        if len(text) > MOST_BYTES:
            return None
        self._seq += 1
        return Shaped(number, text, event, tuple(_blobs(event)))


def joined(events: Iterable[Event]) -> list[Event]:
    """The same events; stretches of steps that go on the same way are one."""
    found: list[Event] = []
    newest: dict[tuple[int, int, str], int] = {}
    for event in events:
        if isinstance(event, seen.Steps):
            key = (event.rank, event.optimizer, event.thread)
            place = newest.get(key)
            old = found[place] if place is not None else None
            if (
                place is not None
                and isinstance(old, seen.Steps)
                and old.anatomy == event.anatomy
                and old.last + 1 == event.first
            ):
                found[place] = msgspec.structs.replace(
                    old, last=event.last, count=old.count + event.count
                )
                continue
            newest[key] = len(found)
        elif isinstance(event, Resumed):
            newest.clear()
        found.append(event)
    return found


def _texts(event: Event) -> Event:
    """The event with its texts clipped and without the home folder."""
    changes = {
        name: without_home(value[:LONGEST_TEXT])
        for name in ("reason", "message", "error")
        if isinstance(value := getattr(event, name, None), str)
    }
    return msgspec.structs.replace(event, **changes) if changes else event


def _without_pictures(event: Event) -> Event:
    changes = {n: None for n in ("picture", "maps") if getattr(event, n, None) is not None}
    return msgspec.structs.replace(event, **changes) if changes else event


def _blobs(value: object) -> Iterable[Blob]:
    """Every blob an event refers to, however deep it is."""
    if isinstance(value, Blob):
        yield value
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            field = getattr(value, name)
            if isinstance(field, Blob | msgspec.Struct | tuple | dict):
                yield from _blobs(field)
    elif isinstance(value, tuple):
        for item in value:
            if not isinstance(item, Blob | msgspec.Struct | tuple | dict):
                return  # the items of a tuple are of one kind
            yield from _blobs(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _blobs(item)
