"""Sorting as people do: 2 before 10.

Class numbers follow from this order, so it must be the same on every machine: no locale, no folding
that depends on the system.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_DIGITS = re.compile(r"([0-9]+)")


def natural_key(name: str) -> tuple[tuple[int, int | str], ...]:
    """A key that compares runs of digits by their value.

    >>> sorted(["b10", "b2", "b1"], key=natural_key)
    ['b1', 'b2', 'b10']
    """
    # int() refuses more than 4,300 digits, so such a run is compared by length, then as text.
    parts = [piece.lstrip("0") for piece in _DIGITS.split(name)[1::2]]
    texts = _DIGITS.split(name)[0::2]
    key: list[tuple[int, int | str]] = []
    for index, text in enumerate(texts):
        key.append((1, text))
        if index < len(parts):
            key.extend(((0, len(parts[index])), (1, parts[index])))
    return (*key, (1, name))


def natural_sorted(names: Iterable[str]) -> list[str]:
    """The names in natural order; names that differ only in leading zeros keep one fixed order."""
    return sorted(names, key=natural_key)
