"""Anything that a field or a struct of a given type can hold, drawn by hypothesis."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from typing import Any

import msgspec
from hypothesis import strategies as st

Plain = Mapping[Any, st.SearchStrategy]


def values(hint: Any, plain: Plain) -> st.SearchStrategy:
    """Values of a type; `plain` says what to draw for the types that are not built of others."""
    if hint in plain:
        return plain[hint]
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return structs(hint, plain)
    if origin is tuple and arguments[-1] is ...:
        return st.lists(values(arguments[0], plain), max_size=3).map(tuple)
    if origin is dict:
        key, value = (values(argument, plain) for argument in arguments)
        return st.dictionaries(key, value, max_size=3)
    inner = (values(argument, plain) for argument in arguments)
    return (st.tuples if origin is tuple else st.one_of)(*inner)


def structs(kind: type, plain: Plain) -> st.SearchStrategy:
    """Structs of a kind, with defaults in some places."""
    fields = {
        name: values(hint, plain)
        for name, hint in typing.get_type_hints(kind).items()
        if not name.startswith("__")
    }
    needed = {field.name for field in msgspec.structs.fields(kind) if field.required}
    return st.fixed_dictionaries(
        {name: fields[name] for name in fields if name in needed},
        optional={name: fields[name] for name in fields if name not in needed},
    ).map(lambda chosen: kind(**chosen))
