"""The models that run: their modules and parameters by name, each model with its number.

A model is a module that was called from outside any other module. Names and ids are read once; a
change of structure is met when an unknown module runs, or at a close look.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.dropout import _DropoutNd

from goingdeep.record.seen import Fact, Model, Parameter, Part

if TYPE_CHECKING:
    from goingdeep.watch.watcher import Watcher

MAX_MODELS = 64
MAX_PARTS = 2_000
"""Modules and parameters that are written by name; all of them are known here."""


class Models:
    """Numbers models, and finds modules and parameters in them."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher
        self._roots: dict[int, tuple[weakref.ref[nn.Module], int]] = {}
        self.places: dict[int, tuple[weakref.ref[nn.Module], int, str]] = {}
        self._parameters: dict[int, tuple[weakref.ref[Tensor], int, int]] = {}
        self._structure: dict[int, int] = {}
        self._sites: dict[int, int] = {}
        self._bare: dict[int, weakref.ref[nn.Module]] = {}
        self._count = 0

    def number(self, module: nn.Module) -> int:
        """The number of the model that this module is, or is a part of; -1 where unknown."""
        known = self._roots.get(id(module))
        if known is not None and known[0]() is module:
            return known[1]
        return self.place(module)[0]

    def is_root(self, module: nn.Module) -> bool:
        """Whether this module is a model itself, whose number stays what it is."""
        known = self._roots.get(id(module))
        return known is not None and known[0]() is module

    def place(self, module: nn.Module) -> tuple[int, str]:
        """Number of the model and dotted name in it; (-1, "") where unknown."""
        known = self.places.get(id(module))
        if known is not None and known[0]() is module:
            return known[1], known[2]
        return -1, ""

    def where(self, parameter: Tensor) -> tuple[int, int]:
        """Number of the model and index in its parameters; (-1, -1) where unknown."""
        known = self._parameters.get(id(parameter))
        if known is not None and known[0]() is parameter:
            return known[1], known[2]
        return -1, -1

    def is_bare(self, module: nn.Module) -> bool:
        """Whether a module is no model: nothing in it learns. A loss, a transform of pictures."""
        bare = self._bare.get(id(module))
        if bare is not None and bare() is module:
            return True
        if self.number(module) >= 0 or next(nn.Module.parameters(module), None) is not None:
            return False
        if len(self._bare) > MAX_PARTS:
            self._bare.clear()
        self._bare[id(module)] = weakref.ref(module)
        return True

    def called(self, root: nn.Module, site: int) -> int:
        """A model was called from outside: its number, and what it is is written at first sight.

        -1 beyond the bound.
        """
        number = self.number(root)
        if number >= 0:
            return number
        if self._count >= MAX_MODELS:
            self._watcher.recorder.gap("models", f"more than {MAX_MODELS} models were called")
            return -1
        number = self._count
        self._count += 1
        self._roots[id(root)] = (weakref.ref(root), number)
        self._sites[number] = site
        self._read(root, number)
        self._watcher.optimizers.model_came()
        return number

    def look_again(self) -> bool:
        """Read again the models whose parameters have changed; returns whether any had."""
        changed = False
        for reference, number in list(self._roots.values()):
            root = reference()
            if root is not None and _structure(root) != self._structure.get(number):
                self._read(root, number)
                changed = True
        return changed

    def read_again(self, number: int) -> None:
        """A module that is not known ran inside this model: read its structure again."""
        for reference, known in list(self._roots.values()):
            root = reference()
            if known == number and root is not None:
                self._read(root, number)

    def roots(self) -> Iterator[tuple[int, nn.Module]]:
        """The models that are alive, with their numbers."""
        for reference, number in list(self._roots.values()):
            root = reference()
            if root is not None:
                yield number, root

    def trainable(self) -> Iterator[tuple[int, str, Tensor]]:
        """Model number, name and tensor of each parameter that requires a gradient."""
        for number, root in self.roots():
            for name, parameter in nn.Module.named_parameters(root):
                if parameter.requires_grad:
                    yield number, name, parameter

    def _read(self, root: nn.Module, number: int) -> None:
        parts: list[Part] = []
        count = 0
        # The base class's own walk: a subclass may have put something else in its place.
        for name, module in nn.Module.named_modules(root):
            self.places[id(module)] = (weakref.ref(module), number, name)
            count += 1
            if count <= MAX_PARTS:
                parts.append(_part(name, module))
        parameters: list[Parameter] = []
        storages: dict[int, str] = {}
        mine: set[int] = set()
        total = 0
        for index, (name, tensor) in enumerate(
            nn.Module.named_parameters(root, remove_duplicate=False)
        ):
            total += 1
            if tensor.requires_grad or index < MAX_PARTS:
                # A tensor that is gone may have had the same id; a tied one stays with its first
                # model and name, until that model is read again and has it under another one.
                known = self.where(tensor)[0]
                if known < 0 or (known == number and id(tensor) not in mine):
                    self._parameters[id(tensor)] = (weakref.ref(tensor), number, index)
                mine.add(id(tensor))
            if index < MAX_PARTS:
                place = self.where(tensor)
                shared = place if place[0] not in (-1, number) else (-1, -1)
                parameters.append(_parameter(name, tensor, storages, shared))
        self._structure[number] = _structure(root)
        self._watcher.recorder.event(
            Model,
            id=number,
            class_name=type(root).__qualname__,
            site=self._sites[number],
            parts=tuple(parts),
            parameters=tuple(parameters),
            left_out=max(0, count - MAX_PARTS) + max(0, total - MAX_PARTS),
        )


def _structure(root: nn.Module) -> int:
    return hash(tuple((id(p), p.requires_grad, _known(p)) for p in nn.Module.parameters(root)))


def _part(name: str, module: nn.Module) -> Part:
    own = sum(p.numel() for p in nn.Module.parameters(module, recurse=False) if _known(p))
    kind, facts = sensitive(module)
    return Part(name, type(module).__qualname__, own, kind, facts)


def sensitive(module: nn.Module) -> tuple[str, dict[str, Fact]]:
    """What makes a module differ between training and evaluation: kind and settings."""
    if isinstance(module, _DropoutNd):
        return "dropout", {"p": float(module.p)}
    if isinstance(module, _NormBase) and module.track_running_stats:
        return "batch-norm", {"momentum": module.momentum, "features": module.num_features}
    p = (
        getattr(module, "dropout", None)
        if isinstance(module, nn.RNNBase | nn.MultiheadAttention)
        else None
    )
    if isinstance(p, int | float) and p > 0:
        return "dropout", {"p": float(p)}
    return "", {}


def _known(parameter: Tensor) -> bool:
    """Whether a parameter has a size yet (a lazy layer's has none before its first batch)."""
    return not nn.parameter.is_lazy(parameter)


def _pointer(tensor: Tensor) -> int:
    try:
        return tensor.data_ptr()
    except RuntimeError:  # a kind of tensor that has no memory of its own
        return 0


def _parameter(
    name: str, tensor: Tensor, storages: dict[int, str], shared: tuple[int, int]
) -> Parameter:
    shape = tuple(tensor.shape) if _known(tensor) else ()
    tied = ""
    if _known(tensor) and tensor.layout == torch.strided and tensor.device.type != "meta":
        # Memory that is let go of for a while (FSDP) has no address: the tensor itself still tells.
        tied = storages.setdefault(_pointer(tensor) or -id(tensor), name)
    return Parameter(
        name, shape, str(tensor.dtype).removeprefix("torch."), str(tensor.device),
        tensor.requires_grad, "" if tied == name else tied, *shared,
    )  # fmt: skip
