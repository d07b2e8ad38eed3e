"""Results of `state_dict()` that are kept without a copy.

`best = model.state_dict()` copies nothing: its tensors are the model's own memory, and after the
next step they hold the new weights. So every result is followed through weak references, as are its
tensors, because `{k: v.cpu() for k, v in model.state_dict().items()}` passes the same tensors on.
It is stale when the model's own parameters share its memory, an optimizer owns them, and they have
changed since. Copies have memory of their own and are never met here.
"""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeGuard

import torch
from torch import Tensor, nn

from goingdeep.record.seen import StateKept
from goingdeep.watch.reading import nested
from goingdeep.watch.reading.aside import aside, not_now

if TYPE_CHECKING:
    from goingdeep.watch.watcher import Watcher

TAKEN = 64
"""How many results are followed."""

FOLLOWED = 16
"""Tensors followed of each."""

PROBED = 2
"""Of these, tensors of which a few values are kept."""

PROBES = 8


@dataclass(frozen=True)
class _Followed:
    """One tensor of a state dict, and how it was when it was taken."""

    name: str
    tensor: weakref.ref[Tensor]
    version: int
    values: Tensor | None


@dataclass
class _Taken:
    """One result of `state_dict()`. step: how many were done when it was taken."""

    state: Callable[[], Any]
    module: weakref.ref[nn.Module]
    number: int
    site: int
    step: int
    tensors: list[_Followed]
    changed: bool = False

    @property
    def alive(self) -> bool:
        return self.state() is not None or any(f.tensor() is not None for f in self.tensors)


class Aliases:
    """Follows what `state_dict()` gave out, in all threads."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher
        self._taken: deque[_Taken] = deque()
        self._reported: set[tuple[int, str, int]] = set()

    def taken(self, module: nn.Module, state: object, site: int) -> None:
        """`state_dict()` of a module has returned."""
        if not isinstance(state, dict) or not_now():
            return
        with aside():
            tensors = list(_follow(module, state))
        if not tensors:
            return
        if len(self._taken) >= TAKEN:
            living = [taken for taken in list(self._taken) if taken.alive]
            self._taken = deque(living[-TAKEN + 1 :])
        watcher = self._watcher
        # What a hook made of it may be a plain dict, which has no weak references.
        reference = weakref.ref(state) if type(state).__weakrefoffset__ else _gone
        number, step = watcher.models.number(module), watcher.recorder.steps
        self._taken.append(_Taken(reference, weakref.ref(module), number, site, step, tensors))

    def check(self) -> None:
        """Write a `state-kept` event for each line whose result is still there, and stale."""
        for taken in list(self._taken) if not not_now() else ():
            state = taken.state()
            if state is not None and self._is_stale(taken):
                self._report(taken, state, "", -1, -1)

    def forget(self) -> None:
        """The watcher is taken off."""
        self._taken.clear()

    def used(self, value: object, used: str, site: int, into: int = -1) -> None:
        """A value is being "loaded" or "saved": is it, or does it hold, a stale result?

        Args:
            into: number of the model that it is loaded into.
        """
        all_taken = list(self._taken)
        if not all_taken or not_now():
            return
        by_tensor = {
            id(tensor): taken
            for taken in all_taken
            for followed in taken.tensors
            if (tensor := followed.tensor()) is not None
        }
        for mapping in nested.mappings(value):
            # Not the mapping itself, whose values may have been exchanged since.
            near = (by_tensor.get(id(tensor)) for tensor in nested.tensors(mapping, deep=False))
            taken = next((found for found in near if found is not None), None)
            if taken is not None and self._is_stale(taken):
                self._report(taken, mapping, used, site, into)

    def _is_stale(self, taken: _Taken) -> bool:
        """Whether it shares memory with parameters that an optimizer has changed since."""
        module = taken.module()
        if module is None or self._watcher.recorder.steps <= taken.step:
            return False
        for followed in taken.tensors:
            tensor, parameter = followed.tensor(), _parameter(module, followed.name)
            if tensor is None or parameter is None or parameter.data_ptr() != tensor.data_ptr():
                continue
            # A fused optimizer moves no version counter, and the weight of a pixel that is always
            # black never changes: either sign is enough.
            taken.changed = taken.changed or (
                _version(tensor) != followed.version
                or (followed.values is not None and _moved(tensor, followed.values))
            )
            # Averaged copies of a model are changed by the loop itself, which means them to be.
            if taken.changed and self._watcher.optimizers.owns([parameter]):
                return True
        return False

    def _report(
        self, taken: _Taken, state: dict[Any, Any], used: str, site: int, into: int
    ) -> None:
        key = (taken.site, used, site)
        if key in self._reported:
            return
        self._reported.add(key)
        module = taken.module()
        own = {p.data_ptr() for p in nn.Module.parameters(module)} if module is not None else set()
        self._watcher.recorder.event(
            StateKept, model=taken.number, site=taken.site, taken=taken.step,
            tensors=sum(t.data_ptr() in own for t in nested.tensors(state, deep=False)),
            used=used, use_site=site, into=into,
        )  # fmt: skip


def _gone() -> None:
    return None


def _follow(module: nn.Module, state: dict[Any, Any]) -> Iterator[_Followed]:
    """Some of the state's tensors that are trainable parameters, spread over the model."""
    names = list(state)
    probed = 0
    for name in names[:: max(1, len(names) // FOLLOWED)][:FOLLOWED]:
        tensor = state[name]
        parameter = _parameter(module, name) if isinstance(name, str) else None
        if (
            _plain(tensor)
            and _plain(parameter)
            and parameter.requires_grad
            and parameter.data_ptr() == tensor.data_ptr() != 0
        ):
            values = _probe(tensor).clone() if probed < PROBED else None
            probed += 1
            yield _Followed(name, weakref.ref(tensor), _version(tensor), values)


def _plain(tensor: object) -> TypeGuard[Tensor]:
    """Not one whose operations may talk to other processes, or that has no memory of its own."""
    return (
        isinstance(tensor, Tensor)
        and type(tensor) in (Tensor, nn.Parameter)
        and tensor.layout == torch.strided
    )


def _parameter(module: nn.Module, name: str) -> Tensor | None:
    """A parameter by its dotted name; None for a buffer, or a name that a hook has changed."""
    *path, last = name.split(".")
    for part in path:
        child = module._modules.get(part)  # noqa: SLF001 - a user's __getattr__ may do anything
        if child is None:
            return None
        module = child
    return module._parameters.get(last)  # noqa: SLF001


def _probe(tensor: Tensor) -> Tensor:
    """A few of its values, as a view."""
    tensor = tensor.detach()
    while tensor.dim() > 1:
        tensor = tensor[tensor.shape[0] // 2]
    return tensor[:PROBES] if tensor.dim() else tensor


def _moved(tensor: Tensor, values: Tensor) -> bool:
    with aside():
        now = _probe(tensor)
        return now.shape == values.shape and not torch.equal(now, values)


def _version(tensor: Tensor) -> int:
    return -1 if tensor.is_inference() else tensor._version  # noqa: SLF001
