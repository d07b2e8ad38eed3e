"""A module's output for the eye: how its values are spread, and what the first sample looks like."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from goingdeep.watch.reading.picture import U8, scaled
from goingdeep.watch.reading.tensors import flat, plain, readable, spread

BINS = 40
COUNTED = 1 << 13
"""Values that a histogram counts, spread over a larger tensor."""

MAPS = 8
SIDE = 32
LONGEST = 256
MAP_BYTES = 24 << 10
"""Of the maps of one look; a deep network's last layers go without."""


def histogram(tensor: Tensor, low: float | None, high: float | None) -> tuple[int, ...]:
    """How many values lie in each of 40 bins of equal width; nothing where there is no width.

    Args:
        tensor: of any dtype with numbers. low, high: its own, of its finite values.
    """
    if readable(tensor) or low is None or high is None or not low < high or tensor.dim() == 0:
        return ()
    values = flat(spread(plain(tensor).detach(), COUNTED)).float().cpu()
    # What is not finite lies in no bin, and `histc` refuses it.
    finite = values[torch.isfinite(values)]
    return tuple(int(count) for count in torch.histc(finite, BINS, low, high).tolist())


def maps(tensor: Tensor, room: int) -> dict[str, Any]:
    """The first sample of [N,C,H,W] or [N,F], as fields of a `LookCall`: u8[k,h,w] and its scale.

    Args:
        tensor: a layer's output. room: bytes that are left.
    Returns:
        Nothing where this is neither, or does not fit.
    """
    if readable(tensor) or not tensor.numel() or not tensor.is_floating_point():
        return {}
    if tensor.dim() == 4:
        step = -(-max(tensor.shape[2:]) // SIDE)
        one = plain(tensor).detach()[0, :MAPS, ::step, ::step]
    elif tensor.dim() == 2:
        one = plain(tensor).detach()[:1, :LONGEST].reshape(1, 1, -1)
    else:
        return {}
    if one.numel() > room:
        return {}
    array: U8
    array, low, high = scaled(one.to(torch.float32, copy=True).cpu().numpy())
    return {"maps": array, "maps_low": low, "maps_high": high}
