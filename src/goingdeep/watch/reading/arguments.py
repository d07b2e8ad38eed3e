"""The tensors in what a loader yields, and in what a module is given and returns.

It may be anything: a tensor, a tuple, a dictionary, a dataclass, an object of the user's. No code
of the user's runs: of a dictionary's, a list's or a tuple's subclass the base class is asked.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any

from torch import Tensor, nn

MOST_TENSORS = 16
MOST_ITEMS = 64
"""Of one container; a list of a million sentences is not searched."""

DEEP = 4
LONGEST_NAME = 40
_CLOSED = (str, bytes, bytearray, int, float, complex, type, nn.Module)


def tensors_in(data: object, most: int = MOST_TENSORS) -> list[tuple[str, Tensor]]:
    """Tensors in their order, each with its place: "0", "image", "1.mask"; "" for a bare tensor."""
    if isinstance(data, Tensor):
        return [("", data)]
    found: list[tuple[str, Tensor]] = []
    _search("", data, 0, most, found)
    return found


def _search(
    place: str, value: object, depth: int, most: int, found: list[tuple[str, Tensor]]
) -> None:
    for count, (name, item) in enumerate(_inside(value)):
        if count >= MOST_ITEMS or len(found) >= most:
            return
        here = f"{place}.{name}" if place else name
        if isinstance(item, Tensor):
            found.append((here, item))
        elif item is not None and depth + 1 < DEEP:
            _search(here, item, depth + 1, most, found)


def _inside(value: Any) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        return ((_text(key), item) for key, item in list(dict.items(value)))
    if isinstance(value, list):
        return ((str(index), item) for index, item in enumerate(list.__iter__(value)))
    if isinstance(value, tuple):
        fields = getattr(type(value), "_fields", None)
        named = isinstance(fields, tuple) and len(fields) == tuple.__len__(value)
        names: Iterable[object] = fields if named and fields else range(tuple.__len__(value))
        return (
            (_text(name), item) for name, item in zip(names, tuple.__iter__(value), strict=True)
        )
    return _attributes(value)


def _attributes(value: Any) -> Iterator[tuple[str, object]]:
    attributes: Any = None
    if not isinstance(value, _CLOSED):
        with contextlib.suppress(AttributeError, TypeError):
            attributes = object.__getattribute__(value, "__dict__")
    if not isinstance(attributes, dict):
        return iter(())
    return ((_text(name), item) for name, item in list(dict.items(attributes)))


def _text(key: object) -> str:
    if isinstance(key, str):
        return str.__str__(key)[:LONGEST_NAME]
    return int.__repr__(key) if isinstance(key, int) else type(key).__name__[:LONGEST_NAME]
