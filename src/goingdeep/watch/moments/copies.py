"""Copies of modules and optimizers that share nothing with the originals.

A module is copied by what PyTorch says it is made of: parameters with their gradients, buffers,
modules; tensors that share memory share it in the copy. Other attributes are copied as far as they
are plain data. Hooks are left out, except PyTorch's own (weight_norm, pruning): a hook of the
program's would act on the program's objects.

What the same `Copies` made belongs together: a copied optimizer updates the copied parameters.
"""

from __future__ import annotations

import collections
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import is_traceable_wrapper_subclass

from goingdeep.watch.moments.plain_data import Absent, CannotCopyError, Copier, TooLargeError
from goingdeep.watch.reading.aside import aside

_HOOKS = (
    "_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks",
    "_state_dict_hooks", "_state_dict_pre_hooks", "_load_state_dict_pre_hooks",
    "_load_state_dict_post_hooks",
)  # fmt: skip


@contextmanager
def apart() -> Iterator[None]:
    """Make tensors that can be trained, outside the program's inference mode and all others."""
    with torch.inference_mode(mode=False), aside():
        yield


class Copies(Copier):
    """Copies that belong together.

    Args:
        limit: bytes that all of them may take.
        left_out: told of each attribute that was not copied: class, attribute, reason.
    """

    def __init__(
        self, limit: int | None = None, left_out: Callable[[str], None] | None = None
    ) -> None:
        super().__init__()
        self.size = 0
        self._limit = limit
        self._left_out = left_out
        # Outlives one call; a weak reference keeps no original and mistakes no other for it.
        self._parts: dict[int, tuple[weakref.ref[Any], Any]] = {}
        self._storages: dict[int, tuple[torch.UntypedStorage, torch.UntypedStorage]] = {}

    def copy_module(self, module: nn.Module) -> nn.Module:
        """The module's copy, made at the first call for it.

        Raises:
            CannotCopyError: a part of it cannot be copied.
        """
        copied: nn.Module = self._whole(module, self.module)
        return copied

    def copy_optimizer(self, optimizer: torch.optim.Optimizer) -> torch.optim.Optimizer:
        """The optimizer's copy, which owns the copies of its parameters.

        Raises:
            CannotCopyError: a part of it cannot be copied.
        """
        copied: torch.optim.Optimizer = self._whole(optimizer, self._optimizer)
        return copied

    def of(self, original: Any) -> Any:
        """The copy of a module, an optimizer or one of their tensors; None where there is none."""
        known = self._parts.get(id(original))
        return known[1] if known is not None and known[0]() is original else None

    def spend(self, size: int) -> None:
        """Count memory that a copy takes.

        Raises:
            TooLargeError: it is more than the limit.
        """
        if self._limit is not None and self.size + size > self._limit:
            raise TooLargeError(f"it would take more than {self._limit >> 20} MiB")
        self.size += size

    def _whole(self, original: Any, copier: Callable[[Any], Any]) -> Any:
        known = self.of(original)
        if known is not None:
            return known
        try:
            with apart():
                return copier(original)
        finally:
            self._now.clear()
            self._storages.clear()

    def _known(self, x: Any) -> Any:
        found = super()._known(x)
        return found if found is not None else self.of(x)

    def _keep_part(self, x: Any, copied: Any) -> Any:
        self._parts.pop(id(x), None)
        self._parts[id(x)] = (weakref.ref(x), copied)
        return self._keep(x, copied)

    # ---------------------------------------------------------------- tensors

    def tensor(self, x: Tensor) -> Tensor:
        """The copy of a parameter, a buffer or any other tensor that a module holds."""
        known = self._known(x)
        if known is not None:
            return known  # type: ignore[no-any-return]
        wraps: bool = is_traceable_wrapper_subclass(x)
        if wraps or nn.parameter.is_lazy(x) or x.device.type == "meta":
            raise CannotCopyError(f"a tensor of the kind {type(x).__name__} on {x.device.type}")
        new = self._data(x.detach())
        if isinstance(x, nn.Parameter) or type(x) is not Tensor:
            new = Tensor._make_subclass(type(x), new, x.is_leaf and x.requires_grad)  # noqa: SLF001
        elif x.is_leaf and x.requires_grad:
            new.requires_grad_()
        self._keep_part(x, new)
        if x.is_leaf and x.grad is not None:
            new.grad = self._data(x.grad.detach())
        return new

    def _data(self, x: Tensor) -> Tensor:
        """The same numbers in the same layout of memory, shared where the originals share it."""
        if x.layout != torch.strided or x.is_quantized or x.is_conj() or x.is_neg():
            self.spend(x.element_size() * x.numel() if x.layout == torch.strided else 0)
            return x.clone()
        storage = x.untyped_storage()
        pointer = storage.data_ptr()
        known = self._storages.get(pointer)
        if known is None:
            self.spend(storage.nbytes())
            known = (storage, storage.clone())
            if pointer:
                self._storages[pointer] = known
        new = torch.empty(0, dtype=x.dtype, device=x.device)
        return new.set_(known[1], x.storage_offset(), x.size(), x.stride())

    # ---------------------------------------------------------------- modules

    def module(self, x: nn.Module) -> nn.Module:
        """The copy of a module and all in it."""
        known = self._known(x)
        if known is not None:
            return known  # type: ignore[no-any-return]
        kind = type(x)
        if isinstance(x, torch.jit.ScriptModule) or "_orig_mod" in x._modules:  # noqa: SLF001
            raise CannotCopyError(f"{kind.__qualname__} runs compiled code")
        if isinstance(x, nn.parallel.DistributedDataParallel):
            raise CannotCopyError(f"{kind.__qualname__} waits for other processes at each backward")
        try:
            new = object.__new__(kind)
        except TypeError as error:
            raise CannotCopyError(f"{kind.__qualname__} is made in a way of its own") from error
        self._keep_part(x, new)
        for name, value in list(vars(x).items()):
            vars(new)[name] = self._member(kind.__name__, name, value)
        return new

    def _member(self, kind: str, name: str, value: Any) -> Any:
        if name in ("_parameters", "_buffers"):
            return {key: None if t is None else self.tensor(t) for key, t in value.items()}
        if name == "_modules":
            return {key: None if m is None else self.module(m) for key, m in value.items()}
        if name in _HOOKS:
            return collections.OrderedDict(
                (key, self._attribute(kind, name, hook))
                for key, hook in value.items()
                if type(hook).__module__.startswith("torch.nn.utils.")
            )
        return self._attribute(kind, name, value)

    def _attribute(self, kind: str, name: str, value: Any) -> Any:
        """Any other attribute: a copy where it is plain data."""
        before = len(self._now), len(self._parts)
        objects, self._objects = self._objects, 0
        try:
            return self.value(value)
        except TooLargeError:
            raise
        except CannotCopyError as error:
            # What was copied on the way may be half done.
            for memo, length in zip((self._now, self._parts), before, strict=True):
                while len(memo) > length:
                    memo.popitem()
            reason = f"{kind}.{name} was not copied: {error}"
            if self._left_out is not None:
                self._left_out(reason)
            return Absent(reason)
        finally:
            self._objects = objects

    # ---------------------------------------------------------------- optimizers

    def _optimizer(self, x: torch.optim.Optimizer) -> torch.optim.Optimizer:
        kind = type(x)
        new = object.__new__(kind)
        for name, value in list(vars(x).items()):
            if name == "param_groups":
                copied: Any = [self._group(group) for group in value]
            elif name == "state":
                copied = collections.defaultdict(dict)
                for key, state in value.items():
                    self._objects = 0
                    copied[self.value(key)] = self.value(state)
            elif name.endswith("_hooks"):
                copied = collections.OrderedDict()
            elif callable(value) and hasattr(kind, name):
                continue  # a scheduler has put its own `step` in front: it would step the original
            else:
                copied = self._attribute(kind.__name__, name, value)
            vars(new)[name] = copied
        return self._keep_part(x, new)  # type: ignore[no-any-return]

    def _group(self, group: dict[str, Any]) -> dict[str, Any]:
        self._objects = 0
        return {
            name: [self.tensor(p) for p in value] if name == "params" else self.value(value)
            for name, value in group.items()
        }
