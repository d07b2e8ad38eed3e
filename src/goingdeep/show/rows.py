"""Operations in a table: what, how, and the user's own line beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from goingdeep.record import seen
from goingdeep.record.reading import Seen
from goingdeep.record.seen import Op
from goingdeep.show.names import Names
from goingdeep.show.numbers import times
from goingdeep.show.page import Page, one_line, wrapped
from goingdeep.show.repeats import Item
from goingdeep.show.words import Words
from goingdeep.words import cells, pad

NARROW = 64
"""Below this many columns the user's line stands under the operation, not beside it."""
WIDEST_PLACE = 26
LEAST_SOURCE = 16
SHARED = 3
"""So many operations on one line of the user's: it calls a framework, whose lines say more."""


class Row(NamedTuple):
    """One operation. keep_end: of a place that is too long the end is shown, as of all."""

    op: str
    words: str
    place: str = ""
    source: str = ""


def rows_of(items: Sequence[Item], found: Seen, names: Names, words: Words) -> list[Row | str]:
    """Operations as rows; a text says how often the rows after it are repeated."""
    calls = framework_calls([item.op for item in items], found)
    rows: list[Row | str] = []
    block = -1
    for item in items:
        if item.block != block and item.times > 1:
            rows.append(times(item.times))
        block = item.block
        indent = "  " if item.times > 1 else ""
        rows.append(row_of(item.op, found, names, words, calls, indent))
    return rows


def row_of(
    op: Op,
    found: Seen,
    names: Names,
    words: Words,
    calls: Sequence[seen.Site] = (),
    indent: str = "",
) -> Row:
    """One operation. calls: the user's lines that call a framework."""
    site = found.site(op.site)
    inside = site is not None and bool(site.via_file)
    if site and inside and any((c.file, c.line) == (site.file, site.line) for c in calls):
        inner = site.via_function.rpartition(".")[2]
        return Row(indent + op.op, words.of(op), names.via(site), f"in {inner}" if inner else "")
    return Row(indent + op.op, words.of(op), names.place(site), site.source if site else "")


def framework_calls(ops: Sequence[Op], found: Seen) -> list[seen.Site]:
    """The user's lines from which a framework did several of these operations."""
    count: dict[tuple[str, int], list[seen.Site]] = {}
    for op in ops:
        site = found.site(op.site)
        if site is not None and site.via_file:
            count.setdefault((site.file, site.line), []).append(site)
    return [sites[0] for sites in count.values() if len(sites) >= SHARED]


def draw(page: Page, rows: Sequence[Row | str], indent: int = 2) -> None:
    """Write rows; columns are aligned over all of them."""
    own = [Row(*map(one_line, row)) for row in rows if isinstance(row, Row)]
    if not own:
        return
    op = min(14, max(cells(row.op) for row in own))
    place = min(WIDEST_PLACE, max(cells(row.place) for row in own))
    source = max(cells(row.source) for row in own)
    words = max(cells(row.words) for row in own)
    room = page.width - indent - op - 2
    wide = page.width >= NARROW
    if wide:
        room -= place + 2 * bool(place)
        # Each gets what it asks for if it can; else the source what is left beside the words.
        source = min(source, max(LEAST_SOURCE, room - words - 2, room * 2 // 5))
        words = min(words, room - source - 2 * bool(source))
    for row in rows:
        if isinstance(row, str):
            page.text(row, indent)
            continue
        safe = Row(*map(one_line, row))
        lines = wrapped(safe.words, words if wide else room, words if wide else room)
        first = " " * indent + pad(page.clip(safe.op, op), op) + "  "
        if not wide:
            hang = " " * (indent + op + 2)
            page.lines += [((hang if i else first) + line).rstrip() for i, line in enumerate(lines)]
            if safe.place:
                at = page.clip_left(safe.place, min(room, WIDEST_PLACE))
                page.lines.append((hang + page.clip(f"{at}  {safe.source}", room)).rstrip())
            continue
        for i, line in enumerate(lines):
            text = (" " * len(first) if i else first) + pad(line, words)
            if not i and place:
                text += "  " + pad(page.clip_left(safe.place, place), place)
                text += "  " + page.clip(safe.source, source) if source else ""
            page.lines.append(text.rstrip())
