"""Words and columns: how wide a text is in a terminal, and what to do about it."""

from __future__ import annotations

import re
import textwrap
import unicodedata

from goingdeep.errors import printable

LABELLED = re.compile(r"  (\w+): +")
"""The head of a line of an error or a finding: `  why:   `."""


def cells(text: str) -> int:
    """How many columns a terminal needs for a text: wide characters take two, marks none.

    >>> cells("靴"), cells("shoe")
    (2, 4)
    """
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(bool(unicodedata.combining(c)) for c in text)


def pad(text: str, width: int) -> str:
    """The text and as many spaces as bring it to `width` columns."""
    return text + " " * (width - cells(text))


def clip(text: str, most: int = 32, end: str = "…") -> str:
    """A name in a table: safe to print, on one line, and not wider than the table bears.

    >>> clip("a very long name", 8)
    'a very …'
    """
    # A name from a file can be a megabyte, and a mark takes no column.
    safe = printable(text[: 8 * most + 8]).replace("\n", " ")
    if cells(safe) <= most:
        return safe
    while safe and cells(safe) > most - cells(end):
        safe = safe[:-1]
    return safe + end


def many(count: int, thing: str, things: str = "") -> str:
    """A number and what it counts.

    >>> many(1, "class", "classes"), many(2000, "image")
    ('1 class', '2,000 images')
    """
    return f"{count:,} {thing if count == 1 else things or thing + 's'}"


def fold(text: str, width: int) -> str:
    r"""Errors and findings in a terminal: prose that is too wide goes on below where it began.

    A place in the source and a fix stay whole, to be copied.

    >>> print(fold("error[nan-loss]: the loss is not a number\n  why:   it goes on", 30))
    error[nan-loss]: the loss is
      not a number
      why:   it goes on
    """
    lines = []
    for line in text.split("\n"):
        label = LABELLED.match(line)
        if cells(line) <= width or (label and label[1] in {"where", "fix"}):
            lines.append(line)
            continue
        indent = " " * (len(label[0]) if label else 2 + len(line) - len(line.lstrip()))
        lines += textwrap.wrap(
            line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
        )
    return "\n".join(lines)
