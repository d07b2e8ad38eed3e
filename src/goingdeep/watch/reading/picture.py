"""A few samples of a batch of images, small enough to be kept with a close look."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from goingdeep.watch.reading.aside import aside
from goingdeep.watch.reading.tensors import plain, readable

SAMPLES = 16
SIDE = 64
BYTES = 48 << 10
"""Fewer than `SAMPLES` are shown where they are so large that they would need more."""

U8 = npt.NDArray[np.uint8]


def picture(tensor: Tensor) -> tuple[U8, float, float] | None:
    """The first samples of a batch of images, for the eye only.

    Args:
        tensor: [N,C,H,W] with 1 or 3 channels, or [N,H,W].
    Returns:
        u8[n,C,h,w] and the values that 0 and 255 stand for; None where this is no batch of images.
        At most 16 samples, the long side at most 64 by leaving out rows and columns.
    """
    with aside():
        try:
            return _picture(tensor)
        except Exception:  # noqa: BLE001 - as in `values`
            return None


def _picture(tensor: Tensor) -> tuple[U8, float, float] | None:
    if readable(tensor) or not tensor.numel():
        return None
    images = plain(tensor).detach()
    if images.dim() == 3:
        images = images.unsqueeze(1)
    if images.dim() != 4 or images.shape[1] not in {1, 3}:
        return None
    step = -(-max(images.shape[2:]) // SIDE)
    images = images[:SAMPLES, :, ::step, ::step]
    images = images[: max(1, BYTES // images[0].numel())]
    # A copy: `numpy()` of the user's own tensor would mark its storage.
    return scaled(images.to(torch.float32, copy=True).cpu().numpy())


def scaled(array: npt.NDArray[np.float32]) -> tuple[U8, float, float]:
    """Numbers as bytes, and the values that 0 and 255 stand for; what is not finite is at an end."""
    low, high = float(array.min()), float(array.max())
    if not (math.isfinite(low) and math.isfinite(high)):
        finite = array[np.isfinite(array)]
        low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
        array = np.nan_to_num(array, nan=low, posinf=high, neginf=low)
    if high <= low:
        return np.zeros(array.shape, np.uint8), low, high
    wide = (array.astype(np.float64) - low) * (255 / (high - low))
    return np.rint(wide).astype(np.uint8), low, high
