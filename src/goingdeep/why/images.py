"""Batches as pictures, and which of a batch's axes is which. Axes: N, C, H, W."""

from __future__ import annotations

import torch
from torch import Tensor

from goingdeep.record.answer import Picture
from goingdeep.show.numbers import spell
from goingdeep.why.lab import Lab
from goingdeep.why.lesson import NotHereError

MOST = 4
MOST_SIDE = 64


def images_of(lab: Lab, topic: str) -> Tensor:
    """The first batch, where it is one of images: f[N,C,H,W].

    Raises:
        NotHereError: the model is given something else.
    """
    batch = lab.batches[0][0]
    if batch.dim() == 4 and batch.is_floating_point() and min(batch.shape) > 0:
        return batch
    shape = spell(str(batch.dtype), tuple(batch.shape))
    raise NotHereError(f"{topic} is about batches of images, and this model is given {shape}.")


def picture(title: str, images: Tensor, captions: tuple[str, ...] = (), note: str = "") -> Picture:
    """The first of some images f[N,C,H,W], from their lowest value to their highest."""
    few = images[:MOST].detach().float().cpu()
    if few.shape[1] not in {1, 3}:
        few = few[:, :1]
    step = -(-max(few.shape[2:]) // MOST_SIDE)
    few = few[:, :, ::step, ::step]
    low, high = few.min(), few.max()
    scaled = ((few - low) / (high - low).clamp_min(1e-12) * 255).round().to(torch.uint8)
    n, c, h, w = scaled.shape
    return Picture(title, (n, c, h, w), scaled.contiguous().numpy().tobytes(), captions, note)
