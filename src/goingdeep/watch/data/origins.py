"""From which batch the input of a forward came.

By storage first: a view of a batch has the batch's storage, and a weak reference keeps the address
of a storage from being used again (its memory is freed all the same). Then by content, for what was
copied. Then by turn: most loops use the batch that came last, those that fetch one ahead the one
before it.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from goingdeep.watch.data.active import ActivePass
from goingdeep.watch.data.batches import tensors_in
from goingdeep.watch.data.samples import U64, sample_hashes

MAX_GIVEN = 16
COMPARED = 4
"""Samples of an input whose content is compared."""

PATIENCE = 16
"""After so many inputs whose content was not found, only every 64th is still compared."""

_function_off = torch._C.DisableTorchFunction  # noqa: SLF001


def _storage_address(tensor: Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)  # noqa: SLF001


# Does not ask a subclass of the user's.
_address: Callable[[Tensor], int] = getattr(torch._C, "_storage_address", _storage_address)  # noqa: SLF001


class Given:
    """One batch that a loader gave. It holds no tensor."""

    __slots__ = ("dtype", "hashes", "number", "pass_", "shape", "storages", "thread", "used")

    def __init__(self, pass_: ActivePass, thread: int) -> None:
        self.pass_ = pass_
        self.number = pass_.batches
        self.thread = thread
        self.used = False
        self.storages: list[int] = []
        self.shape: torch.Size | None = None
        self.dtype: torch.dtype | None = None
        self.hashes: U64 | None = None


class Origins:
    """The newest batches of all loaders."""

    def __init__(self) -> None:
        self._given: deque[Given] = deque()
        self._by_storage: dict[int, Given] = {}
        self._misses = 0

    def gave(
        self, pass_: ActivePass, thread: int, tensors: list[Tensor], first: Tensor | None,
        hashes: U64 | None,
    ) -> None:  # fmt: skip
        """A loader gave a batch."""
        given = Given(pass_, thread)
        if len(self._given) >= MAX_GIVEN:
            self._drop(self._given.popleft())
        self._given.append(given)
        if hashes is None and type(first) is Tensor and len(tensors) <= 2:  # the same in short
            try:
                storage: Any = first.untyped_storage()._weak_ref()  # noqa: SLF001
            except (RuntimeError, NotImplementedError):
                return
            given.storages.append(storage)
            self._by_storage[storage] = given
            return
        with _function_off():
            # Of a pair the labels are no model's input; where they are, it is their pass's turn.
            for tensor in tensors if first is None or len(tensors) > 2 else (first,):
                try:
                    storage = tensor.untyped_storage()._weak_ref()  # noqa: SLF001
                except (RuntimeError, NotImplementedError):
                    continue  # a kind of tensor that has no storage
                given.storages.append(storage)
                self._by_storage[storage] = given
            if first is not None and hashes is not None:
                given.shape, given.dtype, given.hashes = first.shape, first.dtype, hashes

    def _drop(self, given: Given) -> None:
        for storage in given.storages:
            if self._by_storage.get(storage) is given:
                del self._by_storage[storage]
            torch.UntypedStorage._free_weak_ref(storage)  # noqa: SLF001
        given.storages.clear()

    def forget(self) -> None:
        """Let go of everything."""
        while self._given:
            self._drop(self._given.popleft())

    def of(self, args: tuple[Any, ...], kwargs: dict[str, Any] | None) -> Given | None:
        """The batch that these arguments of a model came from; None where none is likely."""
        if not self._given:
            return None
        if args and type(args[0]) is Tensor:
            try:
                found = self._by_storage.get(_address(args[0]))
            except (RuntimeError, NotImplementedError):
                found = None
            if found is not None:
                found.used = True
                return found
        tensors = tensors_in(args)
        if kwargs and len(tensors) < 8:
            tensors += tensors_in(kwargs)
        found = self._same_storage(tensors) or self._same_content(tensors) or self._in_turn(tensors)
        if found is not None:
            found.used = True
        return found

    def _same_storage(self, tensors: list[Tensor]) -> Given | None:
        for tensor in tensors:
            try:
                found = self._by_storage.get(_address(tensor))
            except (RuntimeError, NotImplementedError):
                continue
            if found is not None:
                return found
        return None

    def _same_content(self, tensors: list[Tensor]) -> Given | None:
        if not tensors or tensors[0].is_nested:
            return None
        if self._misses >= PATIENCE:
            self._misses += 1
            if self._misses % 64:
                return None
        with _function_off():
            tensor = tensors[0]
            shape = tensor.shape
            alike = [
                given
                for given in reversed(list(self._given))
                if given.dtype is tensor.dtype
                and given.shape is not None
                and given.shape[1:] == shape[1:]
            ]
            hashes = sample_hashes(tensor, COMPARED) if alike else None
        if hashes is not None:
            wanted = hashes.tolist()
            for given in alike:
                # Samples without content are alike everywhere.
                if given.hashes is not None and any(wanted):
                    known = given.hashes[: len(wanted)].tolist()
                    if known == wanted:
                        self._misses = 0
                        return given
        self._misses += 1
        return None

    def _in_turn(self, tensors: list[Tensor]) -> Given | None:
        thread = threading.get_ident()
        newest_first = list(self._given)[::-1]
        mine = [given for given in newest_first if given.thread == thread] or newest_first
        newest = mine[0]
        pass_ = newest.pass_
        unused = [given for given in mine[:2] if given.pass_ is pass_ and not given.used]
        if pass_.open:
            return unused[-1] if unused else newest
        # It ended, but its last batch was fetched ahead.
        if unused and tensors:
            return unused[-1]
        return None
