"""Attributes of foreign objects, read without running anybody's code."""

from __future__ import annotations

import types
from typing import Any

_missing = object()


def plain(owner: object, name: str) -> Any:
    """An attribute, without running anybody's code for it; None where there is none."""
    try:
        own = object.__getattribute__(owner, "__dict__")
    except AttributeError:
        own = None
    if isinstance(own, dict) and name in own:
        return own[name]
    for kind in type.mro(type(owner)):
        value = vars(kind).get(name, _missing)
        if value is not _missing:
            if isinstance(value, types.MemberDescriptorType):  # __slots__
                return getattr(owner, name, None)
            return None if hasattr(type(value), "__get__") else value
    return None


def length_of(owner: object) -> int | None:
    """len(owner), None where it has none or does not say."""
    if not hasattr(type(owner), "__len__"):
        return None
    try:
        return len(owner)  # type: ignore[arg-type]
    except Exception:  # noqa: BLE001 - the user's code may raise anything
        return None
