"""The page in one file: works from disk, offline, with one request, and lists what it carries."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from goingdeep.record.encoding import to_json
from goingdeep.record.event import Blob
from goingdeep.record.events import Resumed
from goingdeep.record.files import write_atomic
from goingdeep.record.look import LookEvent
from goingdeep.view.contract import Manifest
from goingdeep.view.events import Shaped
from goingdeep.view.page_files import PageFiles, page_files
from goingdeep.view.trace import Now, Trace

MOST_BYTES = 4 << 20
"""Of the file."""

MOST_OF_REPORT = 2 << 20
"""Of `report.html` in a run folder."""

MOST_OTHERS = 5_000
"""Events beside close looks. Beyond it the middle is left out."""

FIRST_LOOKS = 4

SHARE_OF_OTHER = 0.4
"""Of the room: at most so much for a run that is only compared with."""


@dataclass(frozen=True)
class Whole:
    """A page in one file. leaves: what it carries, a line each."""

    html: str
    leaves: tuple[str, ...]


def whole_page(
    trace: Trace, *, most: int = MOST_BYTES, kind: str = "embedded", page: PageFiles | None = None
) -> Whole:
    """The page with a run in it.

    Args:
        trace: the run. most: bytes of the file; close looks in the middle of the training are left
            out until it fits, which the page says. kind: "embedded", or "frame" in a notebook.
        page: by default the one in the package.
    """
    other = trace.other.now() if trace.other is not None else None
    return put_together(trace.now(), other, most=most, kind=kind, page=page or page_files())


def put_together(
    run: Now, other: Now | None, *, page: PageFiles, most: int = MOST_BYTES, kind: str = "embedded"
) -> Whole:
    """The same of a run that is not asked to grow meanwhile, beside another one or none."""
    room = most - len(page.whole("{}").encode())
    blobs = _Blobs([run] if other is None else [run, other])
    source: dict[str, object] = {"kind": kind}
    leaves: tuple[str, ...] = ()
    name = ""
    if other is not None:
        name = str(other.manifest.run["name"])
        source["other"], leaves = _content(other, int(room * SHARE_OF_OTHER), blobs)
        room -= len(str(source["other"])) + blobs.size
        leaves = tuple(f"{line} (of {name})" for line in leaves)
    source["data"], own = _content(run, room, blobs, name)
    source["blobs"] = blobs.packed
    return Whole(page.whole(json.dumps(source)), (*own, *leaves))


def _content(run: Now, room: int, blobs: _Blobs, other: str = "") -> tuple[str, tuple[str, ...]]:
    """A run's manifest and events, packed, in so many bytes with its blobs; and what they carry.

    Changes: `blobs`, which gets its own.
    """
    before = blobs.size
    manifest = msgspec.structs.replace(run.manifest, other=other)
    own = [manifest.results.pictures] if manifest.results and manifest.results.pictures else []
    blobs.add([*(curve.rows for curve in manifest.curves), *own])
    others = [shaped for shaped in run.events if not isinstance(shaped.event, LookEvent)]
    kept, left_out = _ends(others, MOST_OTHERS)
    for shaped in kept:
        blobs.add(shaped.blobs)
    used = _size(to_json(manifest)) + _size(b",".join(shaped.json for shaped in kept))
    looks = _looks(run.events)
    chosen = _fitting(looks, room - used - (blobs.size - before), manifest, blobs)
    notes = []
    if left_out:
        notes.append(f"{left_out:,} events in the middle were left out, to keep the file small")
    if len(chosen) < len(looks):
        notes.append(
            f"{len(looks) - len(chosen):,} of {len(looks):,} close looks were left out, "
            "to keep the file small"
        )
    kept += [shaped for look in chosen for shaped in looks[look]]
    kept.sort(key=lambda shaped: shaped.seq)
    told = msgspec.structs.replace(manifest, notes=(*manifest.notes, *notes))
    content = b'{"manifest":%s,"events":[%s]}' % (
        to_json(told), b",".join(shaped.json for shaped in kept),
    )  # fmt: skip
    return _packed(content), _leaving(manifest, len(chosen), kept)


def write_page(trace: Trace, path: Path, *, most: int = MOST_BYTES) -> Whole:
    """Write the page of a run into one file, whole or not at all.

    Raises:
        WriteError: it cannot be written.
    """
    page = whole_page(trace, most=most)
    write_atomic(path, page.html.encode(), durable=False)
    return page


class _Blobs:
    """Blobs on their way into the file, each once."""

    def __init__(self, runs: Sequence[Now]) -> None:
        self._runs = runs
        self.packed: dict[str, str] = {}
        self.size = 0

    def add(self, blobs: Iterable[Blob]) -> None:
        for blob in blobs:
            if blob.hash not in self.packed:
                content = self._read(blob.hash)
                if content is not None:  # one that is damaged is shown as not recorded
                    self.packed[blob.hash] = text = _packed(content)
                    self.size += len(text) + 40

    def cost(self, blobs: Iterable[Blob]) -> int:
        """What adding these would take."""
        new = {blob.hash: blob for blob in blobs if blob.hash not in self.packed}
        found = (self._read(ref) for ref in new)
        return sum(_size(content) + 40 for content in found if content is not None)

    def _read(self, ref: str) -> bytes | None:
        return next((c for run in self._runs if (c := run.blob(ref)) is not None), None)


def _looks(events: Iterable[Shaped]) -> dict[tuple[int, str], list[Shaped]]:
    looks: dict[tuple[int, str], list[Shaped]] = {}
    for shaped in events:
        if isinstance(shaped.event, LookEvent):
            looks.setdefault((shaped.event.look, shaped.event.phase), []).append(shaped)
    return looks


def _fitting(
    looks: dict[tuple[int, str], list[Shaped]], room: int, manifest: Manifest, blobs: _Blobs
) -> list[tuple[int, str]]:
    """The looks that fit: first those of findings, the first and the last, then evenly the others.

    Changes: `blobs`, which gets theirs.
    """
    found = {finding.step for finding in manifest.findings}
    keys = list(looks)
    ends = [*keys[:FIRST_LOOKS], *keys[-2:]]
    order = [*(key for key in keys if key[0] in found), *ends, *_halving(keys)]
    chosen: list[tuple[int, str]] = []
    for key in dict.fromkeys(order):
        part = looks[key]
        referred = [blob for shaped in part for blob in shaped.blobs]
        cost = _size(b",".join(shaped.json for shaped in part)) + blobs.cost(referred)
        if cost <= room:
            room -= cost
            blobs.add(referred)
            chosen.append(key)
    return chosen


def _halving(keys: list[tuple[int, str]]) -> Iterable[tuple[int, str]]:
    """All of them, so that however many are taken they are spread evenly."""
    step = 1 << max(0, len(keys) - 1).bit_length()
    while step >= 1:
        yield from keys[::step]
        step //= 2


def _ends(events: list[Shaped], most: int) -> tuple[list[Shaped], int]:
    if len(events) <= most:
        return list(events), 0
    # What the events refer to (lines, models, anatomies) is mostly seen at the beginning.
    first = most * 3 // 4
    middle = events[first : first - most]
    # Where a run was taken up again all numbers count anew: no reader may miss it.
    kept = [shaped for shaped in middle if isinstance(shaped.event, Resumed)]
    return [*events[:first], *kept, *events[first - most :]], len(middle) - len(kept)


def _packed(content: bytes) -> str:
    return base64.b64encode(zlib.compress(content)).decode()


def _size(content: bytes) -> int:
    """Bytes in the file, at most: the quickest way to pack is not the smallest."""
    return len(zlib.compress(content, 1)) * 4 // 3


def _leaving(manifest: Manifest, looks: int, events: list[Shaped]) -> tuple[str, ...]:
    """What the file carries, in words."""
    sources = ", ".join(source.file for source in manifest.sources)
    pictures = sum(1 for shaped in events if getattr(shaped.event, "picture", None) is not None)
    mistakes = len(manifest.results.worst) if manifest.results else 0
    lines = [
        f"source    {sources}" if sources else "",
        f"looks     {looks:,} close looks, {pictures:,} with pictures of samples",
        f"mistakes  {mistakes:,} test images with pictures"
        if mistakes and manifest.results and manifest.results.pictures
        else "",
        f"answers   {len(manifest.answers):,} of gd why" if manifest.answers else "",
    ]
    return tuple(line for line in lines if line)
