"""Single values, those of an accelerator without waiting for them.

Reading one there waits for all work queued so far, which leaves the accelerator idle. So a copy is
taken, and many are read at once.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from goingdeep.watch.reading.aside import aside, dispatch_modes, function_modes, not_now

BUFFER = 256
"""Values that wait."""


def scalar(tensor: Tensor) -> float | None:
    """The value of a tensor of one number on the CPU; None for others, which would have to wait."""
    if tensor.numel() != 1 or not tensor.is_cpu or tensor.is_complex():
        return None
    try:
        return float(tensor.item())
    except RuntimeError:  # a tensor of a kind that has no value
        return None


def now_or_later(tensor: Tensor) -> float | Tensor | None:
    """The value of a tensor of one number; on an accelerator a copy, to be read later.

    It has to be a copy: the program may go on to write into its own (`total = loss.detach();
    total += ...`, a CUDA graph that runs again).
    """
    if tensor.numel() != 1 or tensor.is_complex():
        return None
    try:
        if tensor.is_cpu:
            return float(tensor.item())
        if tensor.is_meta or not_now():
            return None
        if type(tensor) is Tensor and not function_modes() and not dispatch_modes():
            return tensor.detach().clone()  # nobody is told, and it takes a third of the time
        with aside():
            return tensor.detach().clone()
    except (RuntimeError, NotImplementedError):  # a tensor of a kind that has no value
        return None


def read(values: Sequence[float | Tensor]) -> list[float]:
    """Numbers, those of an accelerator with one wait for all of them; NaN for what has no value."""
    tensors = [value for value in values if isinstance(value, Tensor)]
    found = iter(_read(tensors))
    return [next(found) if isinstance(value, Tensor) else value for value in values]


def _read(tensors: Sequence[Tensor]) -> list[float]:
    if not tensors:
        return []
    with aside():
        try:
            together = torch.stack([tensor.detach().reshape(()) for tensor in tensors])
            numbers: list[float] = together.cpu().double().tolist()
        except (RuntimeError, ValueError):  # of several devices, or of kinds without a value
            return [_number(tensor) for tensor in tensors]
        return numbers


def _number(value: Tensor) -> float:
    try:
        return float(value)
    except (RuntimeError, ValueError):
        return float("nan")
