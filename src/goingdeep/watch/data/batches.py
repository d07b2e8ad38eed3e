"""What is in a batch: its tensors, which of them the input is, and which the labels are.

A batch may be anything that a collate function returns. Lists, tuples, dictionaries and plain
attributes are looked into; no code of the user's is called for it.
"""

from __future__ import annotations

from collections import UserDict
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

MAX_DEPTH = 4
MAX_ITEMS = 64
MAX_TENSORS = 8

PICTURES = frozenset({*(torch.float32, torch.float64, torch.float16, torch.bfloat16), torch.uint8})
_LABELS = frozenset({torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8})
_LEAVES = (str, bytes, int, float, complex, bool, type(None))


def tensors_in(data: Any) -> list[Tensor]:
    """The tensors of a batch in their order, at most `MAX_TENSORS`."""
    if type(data) in (list, tuple) and len(data) <= MAX_TENSORS:
        for item in data:
            if type(item) is not Tensor:
                break
        else:
            return list(data)
    found: list[Tensor] = []
    _collect(data, found, 0)
    return found


def _collect(data: Any, found: list[Tensor], depth: int) -> None:
    if isinstance(data, Tensor):
        found.append(data)
    elif depth < MAX_DEPTH and not isinstance(data, _LEAVES):
        for count, item in enumerate(_items(data)):
            if len(found) >= MAX_TENSORS or count >= MAX_ITEMS:
                return
            _collect(item, found, depth + 1)


def _items(data: Any) -> Iterator[Any]:
    # The base classes' own walks: a subclass may compute when it is asked.
    if isinstance(data, dict):
        return iter(list(dict.values(data)))
    if isinstance(data, list):
        return list.__iter__(data)
    if isinstance(data, tuple):
        return tuple.__iter__(data)
    try:
        own = object.__getattribute__(data, "__dict__")
    except AttributeError:
        own = {}
    if type(own) is not dict or isinstance(data, type | torch.nn.Module):
        own = {}
    elif isinstance(data, UserDict) and isinstance(own.get("data"), dict):
        own = own["data"]
    return iter(list(dict.values(own)))


def input_of(tensors: list[Tensor]) -> Tensor | None:
    """The first tensor of real numbers or bytes with a row per sample; of tokens where none is.

    To be called with torch functions disabled.
    """
    second: Tensor | None = None
    third: Tensor | None = None
    for tensor in tensors:
        if tensor.dtype in PICTURES:
            if tensor.dim() > 1:
                return tensor
            if second is None:
                second = tensor
        elif third is None or (third.dim() < 2 <= tensor.dim()):
            third = tensor
    if third is not None and third.dim() > 1:
        return third
    return second if second is not None else third


def labels_of(tensors: list[Tensor], first: Tensor) -> Tensor | None:
    """The first tensor of one integer per sample, after or before the input."""
    for tensor in tensors:
        if (
            tensor is not first
            and tensor.dtype in _LABELS
            and tensor.dim() == 1
            and tensor.size(0) == first.size(0)
        ):
            return tensor
    return None


def samples_in(data: Any, tensors: list[Tensor], first: Tensor | None, *, collated: bool) -> int:
    """How many samples a batch holds.

    collated: whether the loader joins samples; without, what the dataset gives may be one sample
    or a batch of its own making.
    """
    if first is None:
        return _length(data)
    if not first.dim():
        return 1
    if collated or first.is_nested:
        return int(first.size(0))
    if any(not tensor.dim() for tensor in tensors) or (
        isinstance(data, tuple | list) and any(type(item) in (int, float) for item in data)
    ):
        return 1  # a sample with its label
    if first.dim() == 1 or (first.dim() == 3 and first.shape[0] in {1, 3, 4}):
        return 1  # one row of numbers, one picture
    return int(first.size(0))


def _length(data: Any) -> int:
    """Without tensors: the length of the lists inside, or of the list itself."""
    if isinstance(data, dict):
        return max((_length(item) for item in list(dict.values(data))[:MAX_ITEMS]), default=1)
    if isinstance(data, list | tuple):
        inner = [len(item) for item in data[:MAX_ITEMS] if isinstance(item, list | tuple)]
        return max(inner) if inner else len(data)
    return 1
