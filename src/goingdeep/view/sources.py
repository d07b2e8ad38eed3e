"""The user's source as it was when it ran, from the record itself: no file is opened by its name."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from goingdeep.errors import GoingDeepError
from goingdeep.record import read_blob
from goingdeep.record.seen import Site, SourceText
from goingdeep.view.contract import Source, Token
from goingdeep.view.highlight import highlighted
from goingdeep.view.paths import Paths

AROUND = 40
"""Lines of a file before the first and after the last line of it that ran, in a long file."""

MOST_LINES = 2_000
MOST_FILES = 64


def text_of(folder: Path, kept: SourceText) -> str | None:
    """The text of a file; None where it is damaged."""
    try:
        content = read_blob(folder, kept.text)
    except GoingDeepError:
        return None
    return content.tobytes().decode("utf-8", "replace")


def sources(
    folder: Path, texts: Iterable[SourceText], sites: Iterable[Site], paths: Paths
) -> tuple[Source, ...]:
    """The files on the way of a call, coloured; of one that was not kept the lines that ran."""
    by_file: dict[str, dict[int, str]] = {}
    for site in sites:
        if site.line > 0:
            by_file.setdefault(site.file, {})[site.line] = site.source
    kept = {text.file: text for text in texts}
    found: list[Source] = []
    for file, lines in list(by_file.items())[:MOST_FILES]:
        text = text_of(folder, kept[file]) if file in kept else None
        found.append(_whole(paths[file], text, lines) if text else _only(paths[file], lines))
    return tuple(found)


def _whole(file: str, text: str, ran: dict[int, str]) -> Source:
    lines = highlighted(text)
    first, last = 1, len(lines)
    if last > MOST_LINES:
        first = max(1, min(ran) - AROUND)
        last = min(last, max(ran) + AROUND, first + MOST_LINES - 1)
    return Source(file, lines[first - 1 : last], first)


def _only(file: str, ran: dict[int, str]) -> Source:
    """Lines that ran, at their places; the others are empty."""
    first = min(ran)
    last = min(max(ran), first + MOST_LINES - 1)
    lines: list[tuple[Token, ...]] = [()] * (last - first + 1)
    for number, text in ran.items():
        if number <= last:
            (lines[number - first],) = highlighted(text) or ((),)
    return Source(file, tuple(lines), first)
