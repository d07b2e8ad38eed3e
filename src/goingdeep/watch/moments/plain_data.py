"""Copies of plain data, made without calling any code of the program's own.

`copy.deepcopy` will not do here. It follows an object into anything (a trainer, its data, its open
files), and runs code of the program's. So an object is copied only if it is nothing but its
attributes, and these are plain data again; anything else is refused. `Absent` may then stand in its
place: whoever uses it meets an error, so that a replay that needed it fails, and is known to.
"""

from __future__ import annotations

import collections
import copy
import enum
import functools
import pathlib
import random
import re
import types
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, Sampler

MOST_OBJECTS = 5_000
"""Objects copied at a time; behind more of them stands half a program."""

_ATOMS = (
    bool, int, float, complex, str, bytes, type(None), type(...), range, slice, type, enum.Enum,
    types.ModuleType, types.BuiltinFunctionType, torch.dtype, torch.device, torch.layout,
    torch.memory_format, torch.Size, pathlib.PurePath, re.Pattern, np.generic, np.dtype,
)  # fmt: skip
_NEVER = (torch.optim.Optimizer, DataLoader, Dataset, Sampler, torch.jit.ScriptModule)
_RANDOM = (random.Random, np.random.Generator, np.random.RandomState)


class CannotCopyError(Exception):
    """Something cannot be copied, and why. It never leaves this package."""


class TooLargeError(CannotCopyError):
    """The copy would take more memory than it may."""


class Absent:
    """Stands where something was not copied; using it is an error."""

    __slots__ = ("_what",)

    def __init__(self, what: str) -> None:
        self._what = what

    def __getattr__(self, name: str) -> Any:
        raise CannotCopyError(self._what)

    def __call__(self, *_: object, **__: object) -> Any:
        """Say what is missing."""
        raise CannotCopyError(self._what)


class Copier:
    """Copies plain data; what else there is, its subclasses know."""

    def __init__(self) -> None:
        # id -> (the original, which keeps its id from being used again, and its copy)
        self._now: dict[int, tuple[Any, Any]] = {}
        self._objects = 0

    def value(self, x: Any) -> Any:
        """A copy of plain data, with everything inside it.

        Raises:
            CannotCopyError: there is something in it that is no plain data.
        """
        if isinstance(x, _ATOMS):
            return x
        known = self._known(x)
        if known is not None:
            return known
        self._objects += 1
        if self._objects > MOST_OBJECTS:
            raise CannotCopyError(f"more than {MOST_OBJECTS} objects hang on it")
        if isinstance(x, Tensor):
            return self.tensor(x)
        if isinstance(x, nn.Module):
            return self.module(x)
        for kinds, copier in self._COPIERS:
            if isinstance(x, kinds):
                return copier(self, x)
        return self._instance(x)

    def tensor(self, x: Tensor) -> Any:
        """What stands for a tensor."""
        raise NotImplementedError

    def module(self, x: nn.Module) -> Any:
        """What stands for a module."""
        raise CannotCopyError(f"{type(x).__qualname__} is a module")

    def _known(self, x: Any) -> Any:
        known = self._now.get(id(x))
        return known[1] if known is not None else None

    def _keep(self, x: Any, copied: Any) -> Any:
        self._now[id(x)] = (x, copied)
        return copied

    def _dict(self, x: dict[Any, Any]) -> dict[Any, Any]:
        # The base classes' own methods: a subclass may do anything in its own.
        ordered = isinstance(x, collections.OrderedDict)
        kind: Any = collections.OrderedDict if ordered else dict
        new = self._keep(x, kind.__new__(type(x)))
        if isinstance(x, collections.defaultdict):
            new.default_factory = x.default_factory
        for key, item in list(kind.items(x)):
            kind.__setitem__(new, self.value(key), self.value(item))
        self._attributes(x, new)
        return new  # type: ignore[no-any-return]

    def _list(self, x: list[Any]) -> list[Any]:
        new = self._keep(x, list.__new__(type(x)))
        list.extend(new, [self.value(item) for item in list.__iter__(x)])
        self._attributes(x, new)
        return new  # type: ignore[no-any-return]

    def _tuple(self, x: tuple[Any, ...]) -> tuple[Any, ...]:
        items = [self.value(item) for item in tuple.__iter__(x)]
        return self._keep(x, tuple.__new__(type(x), items))  # type: ignore[no-any-return]

    def _set(self, x: Any) -> Any:
        if type(x) not in (set, frozenset, collections.deque):
            raise CannotCopyError(f"{type(x).__qualname__} is a container of its own kind")
        items = [self.value(item) for item in x]
        bound = (x.maxlen,) if isinstance(x, collections.deque) else ()
        return self._keep(x, type(x)(items, *bound))

    def _array(self, x: np.ndarray[Any, Any]) -> Any:
        if x.dtype.hasobject:
            raise CannotCopyError("an array of objects")
        self.spend(x.nbytes)
        return self._keep(x, x.copy())

    def _generator(self, x: Any) -> Any:
        return self._keep(x, x.clone_state() if isinstance(x, torch.Generator) else copy.copy(x))

    def _random(self, x: Any) -> Any:
        return self._keep(x, copy.deepcopy(x))

    def _weak(self, x: weakref.ref[Any]) -> Any:
        target = self._known(x())
        return weakref.ref(target) if target is not None else x

    def _method(self, x: types.MethodType) -> Any:
        return types.MethodType(x.__func__, self.value(x.__self__))

    def _partial(self, x: functools.partial[Any]) -> Any:
        return functools.partial(self.value(x.func), *self.value(x.args), **self.value(x.keywords))

    def _function(self, x: types.FunctionType) -> Any:
        """A function is shared, unless it has hold of something that is not."""
        cells = [cell.cell_contents for cell in x.__closure__ or () if not _empty(cell)]
        for held in (*cells, *(x.__defaults__ or ()), *(x.__kwdefaults__ or {}).values()):
            self._objects += 1
            if isinstance(held, types.FunctionType) and self._objects < MOST_OBJECTS:
                self._function(held)
            elif not isinstance(held, _ATOMS):
                raise CannotCopyError(f"{x.__qualname__} is a function with objects of its own")
        return x

    def _instance(self, x: Any) -> Any:
        """An object that is nothing but its attributes; its own code is not asked."""
        kind: Any = type(x)
        plain = (
            kind.__reduce_ex__ is object.__reduce_ex__
            and kind.__reduce__ is object.__reduce__
            and hasattr(x, "__dict__")
            and not any(
                "__slots__" in vars(base) and vars(base)["__slots__"] for base in kind.__mro__
            )
            and not hasattr(kind, "__del__")  # it would close what it shares with the original
        )
        if not plain or isinstance(x, _NEVER):
            raise CannotCopyError(f"{kind.__qualname__} is not plain data")
        try:
            new = self._keep(x, object.__new__(kind))
        except TypeError as error:
            raise CannotCopyError(f"{kind.__qualname__} is not plain data") from error
        self._attributes(x, new)
        return new

    def _namespace(self, x: types.SimpleNamespace) -> Any:
        new = self._keep(x, types.SimpleNamespace.__new__(type(x)))
        self._attributes(x, new)
        return new

    def _attributes(self, x: Any, new: Any) -> None:
        for name, item in list(getattr(x, "__dict__", {}).items()):
            new.__dict__[name] = self.value(item)

    def spend(self, size: int) -> None:
        """Memory is about to be taken, in bytes."""

    _COPIERS: tuple[tuple[Any, Callable[[Any, Any], Any]], ...] = (
        (dict, _dict),
        (list, _list),
        (tuple, _tuple),
        ((set, frozenset, collections.deque), _set),
        (np.ndarray, _array),
        (torch.Generator, _generator),
        (_RANDOM, _random),
        (weakref.ref, _weak),
        (types.SimpleNamespace, _namespace),
        (types.MethodType, _method),
        (functools.partial, _partial),
        (types.FunctionType, _function),
        (Absent, lambda _, x: x),
    )


def _empty(cell: types.CellType) -> bool:
    try:
        cell.cell_contents  # noqa: B018 - it raises when there is none
    except ValueError:
        return True
    return False
