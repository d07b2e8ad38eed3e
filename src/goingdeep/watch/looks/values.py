"""A module's output for the eye: how its values are spread, and what the first sample looks like."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from goingdeep.record.look import Values
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


class Shown:
    """What the eye can see of the outputs of one look."""

    def __init__(self) -> None:
        self._room = MAP_BYTES
        self._newest: tuple[Values | None, dict[str, Any]] = None, {}

    def of(self, output: Tensor, values: Values) -> dict[str, Any]:
        """Fields of a `LookCall`.

        Args:
            output: the first one of the call. values: its numbers; the same object where it is the
                tensor that they were read of the last time, as a model's output is its last layer's.
        """
        if values is not self._newest[0]:
            whole = not values.non_finite and not values.sampled
            bars = histogram(output, values.low, values.high, finite=whole)
            found = maps(output, self._room)
            if found:
                self._room -= found["maps"].nbytes
            self._newest = values, found | {"histogram": bars}
        return self._newest[1]


def histogram(
    tensor: Tensor, low: float | None, high: float | None, *, finite: bool = False
) -> tuple[int, ...]:
    """How many values lie in each of 40 bins of equal width; nothing where there is no width.

    Args:
        tensor: of any dtype with numbers. low, high: its own, of its finite values.
        finite: all of them are known to be finite.
    """
    if readable(tensor) or low is None or high is None or not low < high or tensor.dim() == 0:
        return ()
    some = flat(spread(plain(tensor).detach(), COUNTED))
    # A copy: `numpy()` of the user's own tensor would mark its storage.
    places = some.cpu().to(torch.float64, copy=True).numpy()
    return counts(places if finite else places[np.isfinite(places)], low, high)


def counts(places: npt.NDArray[np.float64], low: float, high: float) -> tuple[int, ...]:
    """How many of some finite values lie in each of 40 bins of equal width.

    Args:
        places: the values; they are written over. low, high: their bounds.
    """
    with np.errstate(all="ignore"):  # the width of float64 may be more or less than one can hold
        places -= low
        places *= BINS / (high - low)
        bins = places.astype(np.intp)
    # The bounds have seven digits: what lies beyond them by rounding belongs to the bin at the end.
    np.minimum(bins, BINS - 1, out=bins)
    found: list[int] = np.bincount(np.maximum(bins, 0, out=bins), minlength=BINS).tolist()
    return tuple(found)


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
