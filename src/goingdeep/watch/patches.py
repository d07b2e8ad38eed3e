"""Every place where the watcher looks into PyTorch: one table, each row with its way back.

Official global hooks see optimizers. What has no hook is wrapped: the row says what (`where`,
`name`), and which two functions of ours are told before and after it. A wrapper calls the original
with exactly what it was given and returns exactly what it returned.

Modules have official hooks too, but a single one sends each call of each module on a slow way: that
alone costs 2 to 5 microseconds a call, 2 % of the quickstart's step, before anything is recorded. A
wrapper around `Module._call_impl` costs a tenth of it, and also sees a forward that is interrupted.

Traps that shaped this (PyTorch 2.9 to 2.15):
  * A function that the user imported by name before us is a copy of the reference: wrapping it in its
    module does not reach that copy. So functions are wrapped one level down, where PyTorch itself
    looks them up at each call (`torch._C._nn.cross_entropy_loss` below `F.cross_entropy`).
  * `torch.jit.script` compiles what it finds under those names, and cannot compile a wrapper: the
    rows marked `lift` are taken off while it works.
  * `torch.compile(fullgraph=True)` traces into wrappers and hooks: each returns first when
    `torch.compiler.is_dynamo_compiling()`, a constant there and half as dear as `is_compiling`.
"""

from __future__ import annotations

import functools
import importlib
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from goingdeep.watch.reading.aside import dispatch_modes, function_modes, unseen

if TYPE_CHECKING:
    from goingdeep.watch.watcher import Watcher

Before = Callable[..., Any]
"""before(watcher, args, kwargs) -> whatever `after` needs."""
After = Callable[..., None]
"""after(watcher, token, args, kwargs, result); not called where the original raised."""

_MISSING = object()


@dataclass(frozen=True)
class Row:
    """One thing to wrap.

    where: "package.module" or "package.module:Class". name: the attribute. before, after: ours.
    lift: taken off during torch.jit.script. needs: a module that must have been imported already;
    the row is left out until then.
    failed: told when the original raised, as failed(watcher, token, error).
    around: makes the whole wrapper, as around(watcher, original), where two functions are too slow.
    """

    where: str
    name: str
    before: Before | None = None
    after: After | None = None
    failed: Callable[..., None] | None = None
    lift: bool = False
    needs: str = ""
    around: Callable[..., Callable[..., Any]] | None = None

    @property
    def key(self) -> str:
        """How a gap names this row."""
        return f"{self.where}.{self.name}".replace(":", ".")

    def owner(self) -> Any:
        """The object that holds the attribute; None where this version of PyTorch has none."""
        module_name, _, class_name = self.where.partition(":")
        try:
            owner = (
                sys.modules[module_name]
                if module_name in sys.modules
                else importlib.import_module(module_name)
            )
        except ImportError:
            return None
        return getattr(owner, class_name, None) if class_name else owner


def _imported(name: str) -> bool:
    """Whether a module has been imported, and is whole: others are met while it is being loaded."""
    module = sys.modules.get(name)
    return module is not None and not getattr(module.__spec__, "_initializing", False)


class Patches:
    """Puts rows on and takes them off; afterwards every attribute is what it was."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher
        self._on: list[tuple[Row, Any, Any, Any]] = []  # row, owner, what stood there, ours
        self._removers: list[Callable[[], None]] = []
        self._waiting: list[Row] = []
        self._imported = 0  # modules, when it was last looked for what rows wait for
        self._needs: set[str] = set()
        self._lock = threading.RLock()
        self._lifts = 0
        self._lifted: list[tuple[Row, Any, Any, Any]] = []

    def put(self, row: Row) -> None:
        """Wrap one attribute; a missing one is a gap, not an error."""
        if row.needs and not _imported(row.needs):
            self._waiting.append(row)
            self._needs.add(row.needs)
            return
        owner = row.owner()
        original = getattr(owner, row.name, None) if owner is not None else None
        if original is None:
            self._watcher.recorder.gap(row.key, "this version of PyTorch has no such function")
            return
        # Where the attribute is inherited (or answered by __getattr__) the way back is to delete ours.
        stood = vars(owner).get(row.name, _MISSING)
        around = row.around
        ours: Any = (
            wrapper(self._watcher, row, original)
            if around is None
            else functools.wraps(original)(around(self._watcher, original))
        )
        if isinstance(stood, staticmethod):
            ours = staticmethod(ours)
        setattr(owner, row.name, ours)
        self._on.append((row, owner, stood, ours))

    def put_waiting(self) -> None:
        """Wrap what has been imported since."""
        imported = len(sys.modules)
        if imported == self._imported:
            return
        self._imported = imported
        if any(map(_imported, self._needs)):
            self._needs.clear()
            waiting, self._waiting = self._waiting, []
            for row in waiting:
                self.put(row)

    def hook(self, handle: Any) -> None:
        """Remember an official hook, to remove it at the end."""
        self._removers.append(handle.remove)

    def restore(self) -> None:
        """Take everything off again, the last put first."""
        with self._lock:
            self._lifted = []  # what is off now stays off
        while self._removers:
            self._removers.pop()()
        while self._on:
            self._take_off(*self._on.pop())

    def forget(self) -> None:
        """In a forked child: take everything off. A thread that is not there may hold the lock."""
        self._lock = threading.RLock()
        self.restore()

    def lift(self) -> None:
        """Take off the rows that torch.jit.script cannot read, until `lower` is called as often.

        It calls itself for each function that it meets, and may run in several threads.
        """
        with self._lock:
            self._lifts += 1
            if self._lifts == 1:
                self._lifted = [entry for entry in self._on if entry[0].lift]
                for entry in self._lifted:
                    self._take_off(*entry)

    def lower(self) -> None:
        """Put lifted rows back."""
        with self._lock:
            self._lifts -= 1
            if self._lifts == 0:
                lifted, self._lifted = self._lifted, []
                for row, owner, stood, ours in lifted:
                    # Only where nobody has put something else in our place meanwhile.
                    if vars(owner).get(row.name, _MISSING) is stood:
                        setattr(owner, row.name, ours)

    @staticmethod
    def _take_off(row: Row, owner: Any, stood: Any, ours: Any) -> None:
        # Somebody may have wrapped ours in the meantime: their wrapper stays, and ours inside it
        # passes everything through from now on.
        if vars(owner).get(row.name) is ours:
            if stood is _MISSING:
                delattr(owner, row.name)
            else:
                setattr(owner, row.name, stood)


def wrapper(watcher: Watcher, row: Row, original: Callable[..., Any]) -> Callable[..., Any]:
    """The function that stands in for the original."""
    before, after, failed, key = row.before, row.after, row.failed, row.key
    off = watcher.off  # a set of the keys of rows that are switched off, shared and changing
    compiling = torch.compiler.is_dynamo_compiling

    @functools.wraps(original)
    def watched(*args: Any, **kwargs: Any) -> Any:
        if compiling() or watcher.idle or key in off:
            return original(*args, **kwargs)
        token = None
        modes = function_modes() or dispatch_modes()
        if before is not None:
            try:
                if modes:
                    with unseen():
                        token = before(watcher, args, kwargs)
                else:
                    token = before(watcher, args, kwargs)
            except Exception as error:  # noqa: BLE001 - a fault of ours must not be the user's
                watcher.fault(key, error)
                return original(*args, **kwargs)
        if failed is None:
            result = original(*args, **kwargs)
        else:
            try:
                result = original(*args, **kwargs)
            except BaseException as error:
                try:
                    failed(watcher, token, error)
                except Exception as fault:  # noqa: BLE001
                    watcher.fault(key, fault)
                raise
        if after is not None:
            try:
                if modes:
                    with unseen():
                        after(watcher, token, args, kwargs, result)
                else:
                    after(watcher, token, args, kwargs, result)
            except Exception as error:  # noqa: BLE001
                watcher.fault(key, error)
        return result

    return watched
