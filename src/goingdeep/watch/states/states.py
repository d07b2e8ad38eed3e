"""States that are loaded and saved, and where they came from.

Of a file that was read only weak references to its tensors are kept, with the key under which each
stood: enough to say, when a part of it is loaded, what else the file held. Whether a state that is
loaded or saved is a stale alias of the model itself is told by `aliases`.
"""

from __future__ import annotations

import functools
import os
import threading
import weakref
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn
from torch.optim import lr_scheduler

from goingdeep.record.seen import StateLoaded, StateSaved
from goingdeep.watch.patches import Row
from goingdeep.watch.reading import nested
from goingdeep.watch.states.aliases import Aliases
from goingdeep.watch.steps.alive import LossesAlive

if TYPE_CHECKING:
    from goingdeep.watch.watcher import Watcher

__all__ = ["ROWS", "LossesAlive", "States"]

FILES = 16
MOST_KEYS = 16
MOST_EXAMPLES = 4
MOST_LETTERS = 400
OFTEN = 8
"""From one line this many events are written, and then the 16th, 32nd, 64th, ..."""

Args = tuple[Any, ...]
Kwargs = dict[str, Any]


@dataclass(frozen=True)
class _File:
    """A file that was read: its keys, and under which of them each of its tensors stood."""

    keys: tuple[str, ...]
    tensors: dict[int, tuple[weakref.ref[Tensor], str]]


class _Depth(threading.local):
    """How deep this thread is in calls of one kind: only the outermost counts."""

    def __init__(self) -> None:
        self.of: dict[str, int] = {}


class States:
    """Follows states from where they are taken or read to where they are loaded or saved."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher
        self.aliases = Aliases(watcher)
        self._files: deque[_File] = deque(maxlen=FILES)
        self._depth = _Depth()
        self._counts: dict[tuple[str, int], int] = {}

    def entered(self, what: str) -> bool:
        """A call of this kind begins; whether it is the outermost in this thread."""
        depth = self._depth.of[what] = self._depth.of.get(what, 0) + 1
        return depth == 1

    def left(self, what: str) -> bool:
        """It ends; whether it was the outermost."""
        depth = self._depth.of[what] = max(0, self._depth.of.get(what, 0) - 1)
        return depth == 0

    def check(self) -> None:
        """What is checked now and then: results of `state_dict` that are stale by now."""
        self.aliases.check()

    def finish(self) -> None:
        """The watcher is taken off."""
        self.aliases.check()
        self.aliases.forget()
        self._files.clear()

    def worth_writing(self, what: str, site: int) -> bool:
        """Whether the event is to be written: some loops load a state on every step."""
        count = self._counts[what, site] = self._counts.get((what, site), 0) + 1
        return count <= OFTEN or count & (count - 1) == 0

    def read(self, content: object) -> None:
        """A file was read: remember what stood in it."""
        if not isinstance(content, dict):
            return
        tensors = {
            id(tensor): (weakref.ref(tensor), nested.text(key))
            for key, value in list(dict.items(content))[: nested.MOST]
            for tensor in nested.tensors([value])
        }
        if tensors:
            keys = tuple(nested.text(key) for key in list(content)[: nested.MOST])
            self._files.append(_File(keys, tensors))

    def held(self, state: object) -> tuple[str, ...]:
        """The other keys of the file that this state was a part of."""
        mine = list(nested.tensors(state)) if self._files else []
        for file in reversed(self._files):
            keys = {
                known[1]
                for tensor in mine
                if (known := file.tensors.get(id(tensor))) is not None and known[0]() is tensor
            }
            if keys:
                return tuple(key for key in file.keys if key not in keys)[:MOST_KEYS]
        return ()


# What the rows tell -----------------------------------------------------------------------------


def _take_before(watcher: Watcher, args: Args, kwargs: Kwargs) -> None:
    watcher.states.entered("take")


def _take_failed(watcher: Watcher, token: Any, error: BaseException) -> None:
    watcher.states.left("take")


def _take_after(watcher: Watcher, token: Any, args: Args, kwargs: Kwargs, result: Any) -> None:
    if watcher.states.left("take"):  # the result of a part is a part of the whole
        watcher.states.aliases.taken(args[0], result, watcher.recorder.site())


def _load_before(what: str, watcher: Watcher, args: Args, kwargs: Kwargs) -> int:
    states, site = watcher.states, watcher.recorder.site()
    if states.entered("load") and what == "model":
        state = args[1] if len(args) > 1 else kwargs.get("state_dict")
        states.aliases.used(state, "loaded", site, watcher.models.number(args[0]))
    return site


def _load_failed(watcher: Watcher, token: Any, error: BaseException) -> None:
    watcher.states.left("load")


def _load_after(
    what: str, watcher: Watcher, site: int, args: Args, kwargs: Kwargs, result: Any
) -> None:
    states = watcher.states
    if not states.left("load"):
        return
    state = args[1] if len(args) > 1 else kwargs.get("state_dict")
    number = _number(watcher, what, args[0])
    watcher.lane().add(("load", site, what, number))
    if not states.worth_writing("load", site):
        return
    missing, unexpected = _names(result, "missing_keys"), _names(result, "unexpected_keys")
    watcher.recorder.event(
        StateLoaded,
        what=what,
        number=number,
        class_name=type(args[0]).__qualname__,
        site=site,
        strict=bool(args[2] if len(args) > 2 else kwargs.get("strict", True)),
        matched=max(0, _size(what, state) - len(unexpected)),
        missing=len(missing),
        unexpected=len(unexpected),
        missing_examples=tuple(nested.text(name) for name in missing[:MOST_EXAMPLES]),
        unexpected_examples=tuple(nested.text(name) for name in unexpected[:MOST_EXAMPLES]),
        held=states.held(state),
    )


def _number(watcher: Watcher, what: str, whose: Any) -> int:
    if what == "model":
        return watcher.models.number(whose)
    if what == "optimizer":
        return watcher.optimizers.number(whose)
    return watcher.optimizers.scheduler(whose) if what == "scheduler" else -1


def _names(result: Any, which: str) -> list[Any]:
    names = getattr(result, which, None)
    return names if isinstance(names, list) else []


def _size(what: str, state: Any) -> int:
    """How many keys a state has: an optimizer's are the parameters that it has a state for."""
    inner = state.get("state") if what == "optimizer" and isinstance(state, dict) else state
    return len(inner) if isinstance(inner, dict) else 0


def _save_before(watcher: Watcher, args: Args, kwargs: Kwargs) -> tuple[int, Any]:
    site = watcher.recorder.site()
    saved = args[0] if args else kwargs.get("obj", kwargs.get("tensors"))
    watcher.states.aliases.used(saved, "saved", site)
    return site, saved


def _save_after(
    watcher: Watcher, token: tuple[int, Any], args: Args, kwargs: Kwargs, result: Any
) -> None:
    site, saved = token
    kind = _kind(saved)
    watcher.lane().add(("save", site, kind))
    if watcher.states.worth_writing("save", site):
        place = args[1] if len(args) > 1 else kwargs.get("f", kwargs.get("filename"))
        keys = list(saved)[:MOST_KEYS] if isinstance(saved, dict) else []
        watcher.recorder.event(
            StateSaved, file=_path(place), site=site, keys=tuple(nested.text(key) for key in keys)
        )


def _kind(saved: Any) -> str:
    """What was saved, as far as its form tells: "model", "checkpoint" (several things), or ""."""
    if isinstance(saved, nn.Module):
        return "model"
    if not isinstance(saved, dict) or not saved:
        return ""
    plain = all(isinstance(value, Tensor) for value in dict.values(saved))
    return "model" if plain else "checkpoint"


def _path(place: Any) -> str:
    name = place if isinstance(place, str | os.PathLike) else getattr(place, "name", "")
    name = os.fspath(name) if isinstance(name, os.PathLike) else name
    return name[:MOST_LETTERS] if isinstance(name, str) else ""


def _read_after(watcher: Watcher, token: Any, args: Args, kwargs: Kwargs, result: Any) -> None:
    watcher.states.read(result)


def _load_row(where: str, what: str) -> Row:
    return Row(
        where, "load_state_dict", functools.partial(_load_before, what),
        functools.partial(_load_after, what), _load_failed,
    )  # fmt: skip


_SCHEDULERS = tuple(
    name
    for name, value in vars(lr_scheduler).items()
    if isinstance(value, type)
    and value.__module__ == lr_scheduler.__name__
    and "load_state_dict" in vars(value)
)

ROWS: tuple[Row, ...] = (
    Row("torch.nn.modules.module:Module", "state_dict", _take_before, _take_after, _take_failed),
    _load_row("torch.nn.modules.module:Module", "model"),
    _load_row("torch.optim.optimizer:Optimizer", "optimizer"),
    *(_load_row(f"torch.optim.lr_scheduler:{name}", "scheduler") for name in _SCHEDULERS),
    _load_row("torch.amp.grad_scaler:GradScaler", "scaler"),
    *(Row(where, "save", _save_before, _save_after) for where in ("torch", "torch.serialization")),
    *(Row(where, "load", None, _read_after) for where in ("torch", "torch.serialization")),
    Row(
        "safetensors.torch",
        "save_file",
        _save_before,
        _save_after,
        needs="safetensors.torch",
    ),
    Row("safetensors.torch", "load_file", None, _read_after, needs="safetensors.torch"),
)
