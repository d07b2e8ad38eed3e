"""Lines for a terminal of any width: headings, tables and paragraphs that never grow too long."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from goingdeep.errors import printable
from goingdeep.words import cells, clip, pad

NARROWEST = 40
WIDEST = 140
"""Beyond this the eye loses the way from a word on the left to its number on the right."""
LONGEST_TEXT = 2000


def width_of_terminal() -> int:
    """Columns to draw in: those of the terminal, or of COLUMNS, else 80."""
    return shutil.get_terminal_size((80, 24)).columns


def draws_blocks() -> bool:
    """Whether standard output can show the characters of curves and bars."""
    try:
        "▁█…→".encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except (UnicodeError, LookupError):
        return False
    return True


@dataclass
class Page:
    """Lines, each at most `width` columns wide and free of control characters.

    plain: draw with ASCII only.
    """

    width: int = 80
    plain: bool = False
    lines: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, width: int | None) -> Page:
        """A page for this width, or for the terminal."""
        asked = width_of_terminal() if width is None else width
        return cls(min(WIDEST, max(NARROWEST, asked)), plain=not draws_blocks())

    def __str__(self) -> str:
        return "\n".join(self.lines).strip("\n")

    @property
    def dots(self) -> str:
        """What stands for the part of a text that is left out."""
        return "..." if self.plain else "…"

    def clip(self, text: str, most: int) -> str:
        """The beginning of a text, safe to print, at most so many columns wide."""
        return clip(text, max(1, most), self.dots if most > 3 else "")

    def clip_left(self, text: str, most: int) -> str:
        """The end of a text: of a path it says the most."""
        safe = one_line(text[-8 * most - 8 :])
        if cells(safe) <= most:
            return safe
        while safe and cells(safe) > most - cells(self.dots):
            safe = safe[1:]
        return self.dots + safe

    def blank(self) -> None:
        """An empty line, unless there is one."""
        if self.lines and self.lines[-1]:
            self.lines.append("")

    def line(self, text: str) -> None:
        """One line, shortened where it is too long."""
        self.lines.append(self.clip(text, self.width).rstrip())

    def text(self, text: str, indent: int = 0, hang: int = 0) -> None:
        """A paragraph, wrapped; lines after the first are indented by `hang` more."""
        first, rest = " " * indent, " " * (indent + hang)
        pieces = wrapped(one_line(text), self.width - indent, self.width - indent - hang)
        self.lines += [(rest if i else first) + piece for i, piece in enumerate(pieces)]

    def labelled(self, label: str, text: str, indent: int = 0, least: int = 10) -> None:
        """A word and what it says, in two columns: "model     NeuralNetwork, ..."."""
        self.text(f"{pad(label, least)}{text}" if text else label, indent, hang=least)

    def table(
        self, rows: Sequence[Sequence[str]], align: str, indent: int = 0, names: str = ""
    ) -> None:
        """Columns as wide as they need to be; when they do not fit the widest ones are shortened.

        Args:
            rows: of equal length. align: a letter a column, "l" or "r". names: a letter a column,
                "l" keeps the beginning of a text that is too long, "r" its end.
        """
        safe = [[one_line(cell) for cell in row] for row in rows]
        if not safe:
            return
        widths = [max(map(cells, column)) for column in zip(*safe, strict=True)]
        room = self.width - indent - 2 * (len([w for w in widths if w]) - 1)
        while sum(widths) > max(room, len(widths)):
            most = max(range(len(widths)), key=widths.__getitem__)
            widths[most] -= 1
        for row in safe:
            drawn = []
            for i, (cell, most) in enumerate(zip(row, widths, strict=True)):
                if most:
                    left = bool(names) and names[i] == "r"
                    text = self.clip_left(cell, most) if left else self.clip(cell, most)
                    drawn.append(pad(text, most) if align[i] == "l" else _right(text, most))
            self.lines.append((" " * indent + "  ".join(drawn)).rstrip())


def one_line(text: str) -> str:
    """A text without control characters and line ends, and of bounded length."""
    return " ".join(printable(text[:LONGEST_TEXT]).split("\n"))


def wrapped(text: str, first: int, rest: int) -> list[str]:
    """Break a text between words, and inside a word that is wider than a line.

    >>> wrapped("one two three", 7, 5)
    ['one two', 'three']
    """
    lines: list[str] = []
    current, most = "", first
    for word in _pieces(text, min(first, rest)):
        joined = f"{current} {word}" if current.strip() or not word else current + word
        if current and cells(joined) > most:
            lines.append(current.rstrip())
            current, most = word, rest
        else:
            current = joined
    return [*lines, current.rstrip()]


def _pieces(text: str, most: int) -> Iterable[str]:
    """Words; one that is too long in parts."""
    for word in text.split(" "):
        part = ""
        for letter in word if cells(word) > most else "":
            if cells(part + letter) > most:
                yield part
                part = ""
            part += letter
        yield part or word if cells(word) > most else word


def _right(text: str, width: int) -> str:
    return " " * (width - cells(text)) + text
