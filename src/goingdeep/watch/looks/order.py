"""What happened in a close look, in its order: kept within bounds, and written at the end.

A look costs at most about a hundred kilobytes. Module calls are what there may be most of, and the
last of them are left out first; the models themselves stay, whose outputs say the most.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from goingdeep.record import sentences
from goingdeep.record.encoding import to_json
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
"""Of JSON; a picture has its own bound."""

ARRAYS = frozenset({"picture", "maps", "losses", "windows"})
"""Fields that are, or hold, arrays until they are written; each has a bound of its own."""

EVENT_BYTES = 160
"""What each event carries besides its fields: kind, time, step, rank, look, phase."""

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

    zeros: what of a Dropout's input was 0, until it has returned.
    """

    __slots__ = ("fields", "kind", "zeros")

    def __init__(
        self, kind: type[LookEvent], fields: dict[str, Any], zeros: list[bool] | None = None
    ) -> None:
        self.kind = kind
        self.fields = fields
        self.zeros = zeros or []


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
        for entry in entries:
            if entry.kind in _SENTENCES:
                entry.fields["sentence"] = _SENTENCES[entry.kind](entry.fields)
        kept = _shortened(entries)
        for entry in kept:
            _store(entry.fields, recorder)
            recorder.event(entry.kind, look=number, phase=phase, **entry.fields)
        left_out = self._left_out + len(entries) - len(kept)
        if left_out:
            recorder.gap(
                GAP,
                f"it holds {MOST_CALLS} calls and {MOST_BYTES:,} bytes at most;"
                f" {left_out:,} operations of step {number:,} were left out",
            )


def _shortened(entries: list[Entry]) -> list[Entry]:
    """As many entries as fit into `MOST_BYTES`."""
    sizes = {id(entry): _size(entry) for entry in entries}
    too_many = sum(sizes.values()) - MOST_BYTES
    inner = [e for e in entries if e.kind is LookCall and e.fields["depth"]]
    outer = [e for e in entries if e.kind is not LookCall or not e.fields["depth"]]
    gone: set[int] = set()
    order = [*reversed(inner), *reversed(outer)]
    for entry in order:  # what can be looked at goes before what can be known
        if too_many <= 0:
            break
        if entry.fields.pop("worked", None) or entry.fields.pop("histogram", None):
            entry.fields.pop("histogram", None)
            smaller = _size(entry)
            too_many -= sizes[id(entry)] - smaller
            sizes[id(entry)] = smaller
    for entry in order:
        if too_many <= 0:
            break
        gone.add(id(entry))
        too_many -= sizes[id(entry)]
    return [entry for entry in entries if id(entry) not in gone]


def _store(fields: dict[str, Any], recorder: Recorder) -> None:
    """Turn the arrays among some fields into blobs. Changes: the fields."""
    for name in ("picture", "maps", "losses"):
        if fields.get(name) is not None:
            fields[name] = recorder.blob(fields[name])
    if "windows" in fields:
        windows = (stored(window, recorder.blob) for window in fields["windows"])
        fields["windows"] = tuple(window for window in windows if window is not None)


def _size(entry: Entry) -> int:
    fields = {name: value for name, value in entry.fields.items() if name not in ARRAYS}
    return len(to_json(fields)) + EVENT_BYTES
