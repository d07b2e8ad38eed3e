"""What is nested in the dictionaries and lists that programs load and save."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch import Tensor

MOST = 4096
"""Values looked at; a state of more is followed by its first."""

MOST_LETTERS = 120
DEEP = 5
"""An optimizer's state is {"state": {0: {"exp_avg": tensor}}}, and stands in a checkpoint."""


def mappings(value: object) -> Iterator[dict[Any, Any]]:
    """A value's dictionaries: itself, those in it, and those in these."""
    waiting, count = [(value, 0)], 0
    while waiting and count < MOST:
        here, depth = waiting.pop()
        count += 1
        if isinstance(here, dict):
            yield here
        if depth < 2:
            waiting += [(item, depth + 1) for item in _inside(here)]


def tensors(value: object, *, deep: bool = True) -> Iterator[Tensor]:
    """The tensors in a dictionary; `deep`: and in what is nested in it."""
    waiting, count = [(value, 0)], 0
    while waiting and count < MOST:
        here, depth = waiting.pop()
        count += 1
        if isinstance(here, Tensor):
            yield here
        elif depth == 0 or (deep and depth < DEEP):
            waiting += [(item, depth + 1) for item in _inside(here)]


def text(key: object) -> str:
    """A key as text, without asking an object of the user's for it."""
    if isinstance(key, str):
        return str.__str__(key)[:MOST_LETTERS]
    return int.__repr__(key) if isinstance(key, int) else type(key).__name__[:MOST_LETTERS]


def _inside(value: object) -> list[Any]:
    # The base class's own methods: a subclass of dict may compute its values.
    if isinstance(value, dict):
        return list(dict.values(value))
    if type(value) is list or type(value) is tuple:
        return list(value)
    return []
