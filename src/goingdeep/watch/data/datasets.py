"""What a dataset is, without reading from it: its root, its indices, its transforms.

Subsets of one dataset are told apart by their indices, so that samples which two of them share are
known before the first batch. Only plain attributes are read: `__getitem__` and properties are the
user's code. The length is asked for, as PyTorch does.
"""

from __future__ import annotations

import hashlib
import weakref
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import ConcatDataset, IterableDataset, Subset
from torch.utils.data import Dataset as TorchDataset

from goingdeep.record.seen import Dataset
from goingdeep.watch.data.transforms import MAX_NAMES, own_transforms
from goingdeep.watch.reading.attributes import length_of, plain

MAX_INDICES = 2_000_000
"""Indices kept of all subsets together."""

MAX_DATASETS = 256
MAX_DEPTH = 8

_INNER = ("dataset", "subset", "base", "ds", "data")

Indices = npt.NDArray[np.int64]


class _Known:
    """A dataset that was met. indices: sorted, into its root; None for all of it."""

    def __init__(self, number: int, dataset: object) -> None:
        self.number = number
        self.root = number
        self.indices: Indices | None = None
        self.whole = False  # not a subset: all of its root
        self.length: int | None = None
        self.alive: Callable[[], object]
        try:
            self.alive = weakref.ref(dataset)
        except TypeError:
            # A list or an object with slots: nothing tells when it is gone, so its id proves
            # nothing at a later time.
            self.alive = object


class Datasets:
    """Numbers datasets, and knows which indices of one root they have in common.

    Args:
        gap: told of what could not be compared.
    """

    def __init__(self, gap: Callable[[str, str], None]) -> None:
        self._gap = gap
        self._known: dict[int, _Known] = {}
        self._count = 0
        self._kept = 0

    def facts(
        self, dataset: object, *, iterable: bool = False, around: tuple[str, ...] = ()
    ) -> Dataset:
        """Everything about a dataset; the same object has the same number.

        around: names of transforms that come after its own.
        """
        chain = unwrapped(dataset)
        known = self._of(dataset)
        root = self._of(chain[-1]) if len(chain) > 1 else known
        known.root = root.number
        length = known.length = None if iterable else length_of(dataset)
        digest = ""
        subsets = [part for part in chain if isinstance(part, Subset)]
        if subsets:
            indices = self._indices(subsets)
            if indices is not None:
                digest = hashlib.blake2b(indices.data, digest_size=8).hexdigest()
                if known.indices is None:
                    self._keep(known, np.unique(indices))
        known.whole = len(chain) == 1 and not iterable
        names = [*transforms_in(chain), *around][:MAX_NAMES]
        return Dataset(
            known.number,
            type(dataset).__qualname__,
            root.number,
            length=length,
            iterable=iterable or isinstance(dataset, IterableDataset),
            train=_train_flag(chain),
            indices=digest,
            shared=self._shared(known),
            transforms=tuple(name.removeprefix("?") for name in names),
            random=tuple(name[1:] for name in names if name.startswith("?")),
        )

    def _of(self, dataset: object) -> _Known:
        known = self._known.get(id(dataset))
        if known is not None and known.alive() is dataset:
            return known
        if known is not None and known.indices is not None:
            self._kept -= len(known.indices)
        if len(self._known) >= MAX_DATASETS:
            for key in [k for k, old in self._known.items() if old.alive() is None]:
                gone = self._known.pop(key)
                self._kept -= 0 if gone.indices is None else len(gone.indices)
        known = _Known(self._count, dataset)
        self._count += 1
        if len(self._known) < MAX_DATASETS:
            self._known[id(dataset)] = known
        return known

    def _indices(self, subsets: list[Subset[Any]]) -> Indices | None:
        """Indices into the root, of the outermost of nested subsets."""
        found: Indices | None = None
        for subset in reversed(subsets):
            own = _as_array(plain(subset, "indices"))
            if own is None:
                self._gap("indices of a subset", f"not numbers, or more than {MAX_INDICES:,}")
                return None
            try:
                found = own if found is None else found[own]
            except IndexError:
                return None
        return found

    def _keep(self, known: _Known, indices: Indices) -> None:
        if self._kept + len(indices) > MAX_INDICES:
            self._gap("indices of subsets", f"more than {MAX_INDICES:,} in all are not compared")
            return
        self._kept += len(indices)
        known.indices = indices

    def _shared(self, known: _Known) -> dict[int, int]:
        shared: dict[int, int] = {}
        for other in list(self._known.values()):
            if other is known or other.root != known.root or other.alive() is None:
                continue
            if known.indices is not None and other.indices is not None:
                count = len(np.intersect1d(known.indices, other.indices, assume_unique=True))
            elif known.indices is not None and other.whole:
                count = len(known.indices)
            elif known.whole and other.indices is not None:
                count = len(other.indices)
            else:
                continue
            if count:
                shared[other.number] = count
        return shared


def unwrapped(dataset: object) -> list[object]:
    """A dataset and those inside it: of every Subset, and of a wrapper that holds one dataset."""
    chain = [dataset]
    while len(chain) < MAX_DEPTH and not isinstance(chain[-1], ConcatDataset):
        inner = [
            value
            for name in _INNER
            if isinstance(value := plain(chain[-1], name), TorchDataset)
            and not any(value is outer for outer in chain)
        ]
        if not inner:
            break
        chain.append(inner[0])
    return chain


def _as_array(indices: object) -> Indices | None:
    if isinstance(indices, torch.Tensor) and indices.dim() == 1 and len(indices) <= MAX_INDICES:
        indices = indices.tolist() if not indices.is_meta else None
    if not isinstance(indices, list | tuple | range | np.ndarray) or len(indices) > MAX_INDICES:
        return None
    try:
        found = np.asarray(indices)
        if found.ndim != 1 or (found.dtype.kind not in "iu" and len(found)):
            return None
        return found.astype(np.int64)
    except (TypeError, ValueError, OverflowError):
        return None


def _train_flag(chain: Iterable[object]) -> bool | None:
    for dataset in chain:
        flag = plain(dataset, "train")
        if isinstance(flag, bool):
            return flag
        part = plain(dataset, "split_idx")  # fastai: 0 is the training part
        if type(part) is int and type(dataset).__module__.startswith("fastai."):
            return part == 0
    return None


def transforms_in(chain: Iterable[object]) -> list[str]:
    """Names of transforms in the order in which they run; "?" before one that is random."""
    names: list[str] = []
    for dataset in list(chain)[::-1]:  # the innermost dataset's run first
        if isinstance(dataset, ConcatDataset):
            for part in list(plain(dataset, "datasets") or ())[:MAX_DEPTH]:
                names += [n for n in transforms_in(unwrapped(part)) if n not in names]
            continue
        for attribute in ("transform", "transforms", "tfms", "augment", "augmentation"):
            value = plain(dataset, attribute)
            # torchvision's datasets hold the same transform once more, with that of the target.
            if value is not None and type(value).__name__ != "StandardTransform":
                names += own_transforms(value)
    return names[:MAX_NAMES]
