"""What happened in a close look, in its order: kept within bounds, and written at the end.

A look costs at most about a hundred kilobytes. Module calls are what there may be most of, and the
last of them are left out first; the models themselves stay, whose outputs say the most.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from goingdeep.record import sentences
from goingdeep.record.event import Event
from goingdeep.record.events import encode
from goingdeep.record.look import (
    LookBatch,
    LookCall,
    LookClear,
    LookEvent,
    LookLoss,
)
from goingdeep.watch.looks.windows import stored

if TYPE_CHECKING:
    from goingdeep.watch.writing.recorder import Recorder

MOST_CALLS = 256
MOST_OTHERS = 64
"""Batches, losses, backwards, steps and clears, of each at most so many."""

MOST_BYTES = 100_000
"""Of JSON; the arrays that it refers to have bounds of their own."""

GAP = "close look"
FORWARD = frozenset({LookBatch, LookCall, LookLoss})

_SENTENCES: dict[type[LookEvent], Callable[[dict[str, Any]], str]] = {
    LookBatch: lambda f: sentences.batch(f["names"], f["tensors"]),
    LookCall: lambda f: sentences.call(
        f["class_name"], f["inputs"], f.get("outputs", ()), f.get("parameters", 0)
    ),
    LookLoss: lambda f: sentences.loss(f["function"], f["input"], f["target"], f["value"]),
    LookClear: lambda f: sentences.clear(f["by"], f["before"], f["after"]),
}


class Entry:
    """One event to be: fields are filled in as they become known.

    zeros: what of a Dropout's input was 0, until it has returned. event, line: what it has become.
    """

    __slots__ = ("event", "fields", "kind", "line", "zeros")

    def __init__(
        self, kind: type[LookEvent], fields: dict[str, Any], zeros: list[bool] | None = None
    ) -> None:
        self.kind = kind
        self.fields = fields
        self.zeros = zeros or []
        self.event: Event
        self.line: bytes

    def encode(self, recorder: Recorder, **more: Any) -> None:
        """Become an event, and a line."""
        self.event = recorder.made(self.kind, self.fields | more)
        self.line = encode(self.event)

    def shorten(self) -> int:
        """Leave out of a call what is only to be looked at; returns how many bytes that saves."""
        before = len(self.line)
        self.event = msgspec.structs.replace(self.event, worked=None, histogram=())
        self.line = encode(self.event)
        return before - len(self.line)


class Order:
    """The entries of one look."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._counts: Counter[type[LookEvent]] = Counter()
        self._left_out = 0
        self._since = 0  # where the part after the last backward begins
        self._left_out_before = 0

    def add(
        self, kind: type[LookEvent], fields: dict[str, Any], zeros: list[bool] | None = None
    ) -> Entry | None:
        """One more; None where it does not fit."""
        if self._counts[kind] >= (MOST_CALLS if kind is LookCall else MOST_OTHERS):
            self._left_out += 1
            return None
        self._counts[kind] += 1
        entry = Entry(kind, fields, zeros)
        self._entries.append(entry)
        return entry

    def fits(self, kind: type[LookEvent]) -> bool:
        """Whether one more would; where it does not it is counted."""
        if self._counts[kind] < (MOST_CALLS if kind is LookCall else MOST_OTHERS):
            return True
        self._left_out += 1
        return False

    def replace_batch(self, loader: int) -> None:
        """Of a loader that is walked without any forward only the newest batch is kept."""
        for entry in reversed(self._entries[self._since :]):
            if entry.kind is not LookBatch:
                return
            if entry.fields["loader"] == loader:
                self._remove([entry])
                return

    def backward_ended(self) -> None:
        """What comes from now on may still turn out to be an evaluation."""
        self._since = len(self._entries)
        self._left_out_before = self._left_out

    def drop_forward(self) -> bool:
        """Forget the forwards since the last backward; returns whether there were any.

        Batches that no forward has taken yet stay: two loaders may be read before one forward.
        """
        newest = self._entries[self._since :]
        if not any(entry.kind in {LookCall, LookLoss} for entry in newest):
            return False
        self._remove([entry for entry in newest if entry.kind in FORWARD])
        self._left_out = self._left_out_before
        return True

    def take_batches(self, loader: int) -> list[Entry]:
        """Take out the newest batches of a loader."""
        newest = self._entries[self._since :]
        batches = [e for e in newest if e.kind is LookBatch and e.fields["loader"] == loader]
        self._remove(batches)
        return batches

    def put_batches(self, batches: list[Entry]) -> None:
        """They belong here."""
        self._entries += batches
        self._counts[LookBatch] += len(batches)

    def _remove(self, entries: list[Entry]) -> None:
        gone = {id(entry) for entry in entries}
        self._entries = [entry for entry in self._entries if id(entry) not in gone]
        self._counts.subtract(entry.kind for entry in entries)

    def write(self, recorder: Recorder, number: int, phase: str) -> None:
        """Write every entry once, and a gap where some did not fit."""
        entries, self._entries = self._entries, []
        if not entries:
            return
        for entry in entries:
            if entry.kind in _SENTENCES:
                entry.fields["sentence"] = _SENTENCES[entry.kind](entry.fields)
            _store(entry.fields, recorder)
            entry.encode(recorder, look=number, phase=phase)
        kept = _shortened(entries)
        recorder.write([entry.event for entry in kept], [entry.line for entry in kept])
        left_out = self._left_out + len(entries) - len(kept)
        if left_out:
            recorder.gap(
                GAP,
                f"it holds {MOST_CALLS} calls and {MOST_BYTES:,} bytes at most;"
                f" {left_out:,} operations of step {number:,} were left out",
            )


def _shortened(entries: list[Entry]) -> list[Entry]:
    """As many entries as fit into `MOST_BYTES`."""
    too_many = sum(len(entry.line) for entry in entries) - MOST_BYTES
    if too_many <= 0:
        return entries
    inner = [e for e in entries if e.kind is LookCall and e.fields["depth"]]
    outer = [e for e in entries if e.kind is not LookCall or not e.fields["depth"]]
    gone: set[int] = set()
    order = [*reversed(inner), *reversed(outer)]
    for entry in order:  # what can be looked at goes before what can be known
        if too_many <= 0:
            break
        if entry.kind is LookCall:
            too_many -= entry.shorten()
    for entry in order:
        if too_many <= 0:
            break
        gone.add(id(entry))
        too_many -= len(entry.line)
    return [entry for entry in entries if id(entry) not in gone]


def _store(fields: dict[str, Any], recorder: Recorder) -> None:
    """Turn the arrays among some fields into blobs. Changes: the fields."""
    for name in ("picture", "maps", "losses"):
        if fields.get(name) is not None:
            fields[name] = recorder.blob(fields[name])
    if "windows" in fields:
        windows = (stored(window, recorder.blob) for window in fields["windows"])
        fields["windows"] = tuple(window for window in windows if window is not None)
