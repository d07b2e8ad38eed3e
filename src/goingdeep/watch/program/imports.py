"""Being told when a program imports a module, and changing nothing about how it is imported.

A watcher needs torch, and must not import it first: a script may set OMP_NUM_THREADS or
CUDA_VISIBLE_DEVICES before it does. So the import system is asked to call us at that moment.

This file is loaded before a watched program begins, when a module of that program may still have
the name of any module of Python's own (queue.py, calendar.py). So it imports only what every Python
has loaded by then.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any


def when_imported(name: str, told: Callable[[], None]) -> Callable[[], None]:
    """Call `told` as soon as a module has been imported; at once where it has been already.

    The module is whole by then, and the statement that imports it has not returned yet. Children
    made by fork are not told.

    Args:
        name: a top-level module. told: called once; must not raise.
    Returns:
        A function that takes the request back.
    """
    if name in sys.modules:
        told()
        return lambda: None
    finder = _Finder(name, told)
    sys.meta_path.insert(0, finder)
    return finder.leave


class _Finder:
    """Stands first in `sys.meta_path`, finds what the others find, and adds one call at the end."""

    def __init__(self, name: str, told: Callable[[], None]) -> None:
        self._name = name
        self._told = told
        self._process = os.getpid()
        self._asking = False

    def leave(self) -> None:
        """No longer take part in imports."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find the module as the finders after us would; None for every other module."""
        if name != self._name or self._asking or os.getpid() != self._process:
            return None
        # Another of ours, further down, would ask us in turn. (Other threads do not come here
        # meanwhile: finders are called under the lock of the import system.)
        self._asking = True
        try:
            spec = _found_by_others(self, name, path, target)
        finally:
            self._asking = False
        if spec is not None and spec.loader is not None:
            self._tell_after(spec.loader)
        return spec

    def _tell_after(self, loader: Any) -> None:
        # Set on this one loader and gone before it works, so that nobody ever meets it.
        execute = getattr(loader, "exec_module", None)
        if execute is None or not hasattr(loader, "__dict__"):
            return

        def exec_module(module: ModuleType) -> None:
            vars(loader).pop("exec_module", None)
            execute(module)
            self.leave()
            self._told()

        loader.exec_module = exec_module


def _found_by_others(
    ours: _Finder, name: str, path: Sequence[str] | None, target: ModuleType | None
) -> ModuleSpec | None:
    for finder in list(sys.meta_path):
        find = getattr(finder, "find_spec", None)
        if finder is not ours and find is not None:
            spec: ModuleSpec | None = find(name, path, target)
            if spec is not None:
                return spec
    return None
