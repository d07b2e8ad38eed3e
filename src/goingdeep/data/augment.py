"""The order of samples and the changes made to them: a pure function of (seed, epoch).

One seeded generator per epoch draws the order and a table of changes indexed by sample. So nothing
about the loader needs saving, a resumed run continues exactly, the number of worker processes
cannot change what the model sees, and a plain script can do the same in a few lines.

Axes in this file: N samples of the part, n samples of a batch, C channels, H height, W width.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True)
class EpochPlan:
    """What happens to each sample in one epoch.

    order: i64[N], the samples in the order in which they are visited.
    flip: bool[N], which are mirrored; None when none are.
    shift: i64[N,2], 0 to 2*amount, offsets (y, x) of the window in the padded image; None for none.
    cutout: f32[N,2], 0 to 1, the square's centre as a share of the height and width; None for none.
    """

    order: Tensor
    flip: Tensor | None = None
    shift: Tensor | None = None
    cutout: Tensor | None = None
    shift_amount: int = 0
    cutout_size: int = 0


def epoch_generator(seed: int, epoch: int) -> torch.Generator:
    """The generator from which everything random about one epoch's data is drawn.

    torch's Mersenne Twister looks at the low 32 bits of a seed only, so (seed << 32) + epoch would
    give every seed the same stream; a multiplication spreads both over the low bits.
    """
    return torch.Generator().manual_seed((seed * 1_000_003 + epoch) % 2**32)


def plan_epoch(
    count: int, seed: int, epoch: int, *, flip: str = "none", shift: int = 0, cutout: int = 0
) -> EpochPlan:
    """Draw one epoch.

    Args:
        count: samples in the part (N).
        seed: of the run. epoch: counted from 0.
        flip: "none", "random" or "alternate": as in epoch 0 where the epoch is even, the other way
            round where it is odd, so that two epochs show each image both ways.
        shift: pixels, 0 or more. cutout: side of the square in pixels, 0 for none.
    """
    draw = epoch_generator(seed, epoch)
    order = torch.randperm(count, generator=draw)
    mirrored = None
    if flip == "random":
        mirrored = torch.rand(count, generator=draw) < 0.5
    elif flip == "alternate":
        mirrored = torch.rand(count, generator=epoch_generator(seed, 0)) < 0.5
        mirrored = mirrored ^ bool(epoch % 2)
    return EpochPlan(
        order=order,
        flip=mirrored,
        shift=torch.randint(2 * shift + 1, (count, 2), generator=draw) if shift else None,
        cutout=torch.rand(count, 2, generator=draw) if cutout else None,
        shift_amount=shift,
        cutout_size=cutout,
    )


def augment(images: Tensor, samples: Tensor, plan: EpochPlan) -> Tensor:
    """Change a whole batch as the plan says for its samples.

    Args:
        images: u8[n,C,H,W]. samples: i64[n], the index of each in the part.
    Returns:
        u8[n,C,H,W]; `images` itself where nothing changes.
    """
    if plan.flip is not None:
        mirrored = plan.flip[samples, None, None, None]
        images = torch.where(mirrored, images.flip(3), images)
    if plan.shift is not None:
        images = _shifted(images, plan.shift[samples], plan.shift_amount)
    if plan.cutout is not None:
        images = _cut_out(images, plan.cutout[samples], plan.cutout_size)
    return images


def _shifted(images: Tensor, offsets: Tensor, amount: int) -> Tensor:
    """Window (y, x) of each padded image: of all windows the one that is wanted."""
    height, width = images.shape[2:]
    padded = F.pad(images, (amount, amount, amount, amount))
    windows = padded.unfold(2, height, 1).unfold(3, width, 1)
    return windows[torch.arange(len(images)), :, offsets[:, 0], offsets[:, 1]]


def _cut_out(images: Tensor, centres: Tensor, size: int) -> Tensor:
    """Put a black square of `size` pixels around each centre; the border cuts it."""
    height, width = images.shape[2:]
    top = (centres[:, 0] * height).long() - size // 2
    left = (centres[:, 1] * width).long() - size // 2
    rows, columns = torch.arange(height), torch.arange(width)
    in_rows = (rows >= top[:, None]) & (rows < top[:, None] + size)
    in_columns = (columns >= left[:, None]) & (columns < left[:, None] + size)
    square = in_rows[:, None, :, None] & in_columns[:, None, None, :]
    return images.masked_fill(square, 0)
