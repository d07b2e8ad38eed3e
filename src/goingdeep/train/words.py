"""Words and columns: how wide a text is in a terminal, and what to do about it."""

from __future__ import annotations

import unicodedata

from goingdeep.errors import printable


def cells(text: str) -> int:
    """How many columns a terminal needs for a text: wide characters take two, marks none.

    >>> cells("靴"), cells("shoe")
    (2, 4)
    """
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(bool(unicodedata.combining(c)) for c in text)


def pad(text: str, width: int) -> str:
    """The text and as many spaces as bring it to `width` columns."""
    return text + " " * (width - cells(text))


def clip(text: str, most: int = 32) -> str:
    """A class name in a table: safe to print, and not wider than the table bears."""
    safe = printable(text).replace("\n", " ")
    if cells(safe) <= most:
        return safe
    while cells(safe) > most - 1:
        safe = safe[:-1]
    return safe + "…"


def many(count: int, thing: str, things: str = "") -> str:
    """A number and what it counts.

    >>> many(1, "class", "classes"), many(2000, "image")
    ('1 class', '2,000 images')
    """
    return f"{count:,} {thing if count == 1 else things or thing + 's'}"
