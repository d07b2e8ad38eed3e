"""What the two modes change in one call: BatchNorm's statistics, and what Dropout put out.

Both are what the call itself used or made: nothing is run a second time.

Axes in this file: N samples, C channels.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import msgspec
import torch
from torch import Tensor, nn

from goingdeep.record.look import Normed
from goingdeep.watch.reading.arguments import tensors_in
from goingdeep.watch.reading.exact import exact_values
from goingdeep.watch.reading.tensors import plain, readable

CHANNELS = 8
MOST_READ = 1 << 19
"""Values of a batch whose mean and variance are taken: fewer channels where they are large."""

LONGEST = 256
KEPT, DROPPED, ZERO = "1", "0", "."

_BATCH_NORM = nn.modules.batchnorm._BatchNorm  # noqa: SLF001 - what all of them are
_DROPOUT = nn.modules.dropout._DropoutNd  # noqa: SLF001
_RUNNING = ("running_mean", "running_var")


def normed(module: nn.Module, given: object) -> Normed | None:
    """What a BatchNorm is about to choose between; None of another module."""
    tensor = _given(given) if isinstance(module, _BATCH_NORM) else None
    return _normed(module, tensor) if tensor is not None else None


def zeros_of(module: nn.Module, given: object) -> list[bool]:
    """Of a Dropout's input: which of the first values are 0. It may work in place."""
    tensor = _given(given) if isinstance(module, _DROPOUT) else None
    return _zeros(tensor) if tensor is not None else []


def ended(module: nn.Module, fields: dict[str, Any], was_zero: list[bool], output: object) -> None:
    """The call has returned. Changes: its fields."""
    statistics = fields["normed"]
    if statistics is not None:
        kept = _running(module, len(statistics.batch_mean))
        mean, variance = _told(kept) if kept else ((), ())
        fields["normed"] = msgspec.structs.replace(statistics, after_mean=mean, after_var=variance)
    if was_zero and isinstance(output, Tensor) and not readable(output):
        is_zero = _zeros(plain(output).detach())
        if len(is_zero) == len(was_zero):
            pairs = zip(was_zero, is_zero, strict=True)
            fields["mask"] = "".join(ZERO if a else DROPPED if b else KEPT for a, b in pairs)


def _given(given: object) -> Tensor | None:
    """The first tensor of a call's arguments, where its numbers can be read."""
    found = tensors_in(given, 1)
    if not found or readable(found[0][1]) or not found[0][1].is_floating_point():
        return None
    return plain(found[0][1]).detach()


def _zeros(tensor: Tensor) -> list[bool]:
    """Of the first values of the first sample: which are 0."""
    first: list[bool] = (tensor[:1].reshape(-1)[:LONGEST] == 0).tolist() if tensor.dim() else []
    return first


def _normed(module: nn.Module, tensor: Tensor) -> Normed | None:
    """The statistics of x [N,C,...] by channel, and those that were kept until now."""
    if tensor.dim() < 2 or not tensor.numel():
        return None
    each = tensor.numel() // tensor.shape[1]
    channels = min(CHANNELS, tensor.shape[1], MOST_READ // each)
    if not channels:
        return None
    # In one stretch a channel; sums of squares, because torch's own variance takes ten times as long.
    part = tensor[:, :channels].transpose(0, 1)
    part = part.to(torch.float64, memory_format=torch.contiguous_format, copy=True)
    rows = part.view(channels, -1)
    batch_mean = rows.mean(1)
    rows.sub_(batch_mean[:, None])
    batch_var = torch.stack([torch.dot(row, row) for row in rows]) / each
    kept = _running(module, channels)
    mean, variance, *running = _told([batch_mean, batch_var, *kept])
    return Normed(
        channels=tensor.shape[1],
        values=each,
        batch_mean=mean,
        batch_var=variance,
        running_mean=running[0] if kept else (),
        running_var=running[1] if kept else (),
        # As torch decides it: without running statistics there are only those of the batch.
        used="batch" if module.training or not kept else "running",
    )


def _running(module: nn.Module, channels: int) -> list[Tensor]:
    """Mean and variance that a BatchNorm keeps; empty where it keeps none."""
    buffers = module.__dict__.get("_buffers")
    found = [buffers.get(name) if isinstance(buffers, dict) else None for name in _RUNNING]
    if not all(isinstance(t, Tensor) and t.dim() == 1 and not readable(t) for t in found):
        return []
    return [plain(t).detach()[:channels] for t in found if isinstance(t, Tensor)]


def _told(rows: Sequence[Tensor]) -> list[tuple[float | str, ...]]:
    """Tensors of one dimension in exact numbers of float32."""
    numbers = iter(exact_values(torch.cat([row.to(torch.float32) for row in rows])))
    return [tuple(itertools.islice(numbers, row.numel())) for row in rows]
