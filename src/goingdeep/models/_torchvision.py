"""The classification models of torchvision, without their trained weights: `torchvision:NAME`.

Axes in this file: N samples, C channels, H height, W width, K classes.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

import torch
import torchvision
from torch import nn

from goingdeep.errors import ShapeError, UnknownNameError
from goingdeep.models._trial import eval_mode, try_out

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

# These two would give two or three answers while training. Their own first weights take
# seconds to draw, and torchvision warns that this default will change: the layers' own are used.
_EXTRA: dict[str, dict[str, Any]] = {
    "googlenet": {"aux_logits": False, "init_weights": False},
    "inception_v3": {"aux_logits": False, "init_weights": False},
}

# Sides to look for the smallest in: those that torchvision's own recipes use, and powers of two.
_SIDES = (8, 16, 32, 64, 128, 224, 256, 299, 512)


def from_torchvision(name: str, channels: int, height: int, width: int, classes: int) -> nn.Module:
    """A model of torchvision with fresh weights and K classes, tried out.

    Grey images are given to it three times, as red, green and blue.

    Raises:
        UnknownNameError: torchvision has no such classification model; says the nearest.
        ShapeError: it needs larger images (and says how large), or there are 2 or over 3 channels.
    """
    known = torchvision.models.list_models(module=torchvision.models)
    short = name.removeprefix("torchvision:").lower()
    if short not in known:
        near = difflib.get_close_matches(short, known, n=1, cutoff=0.5)
        raise UnknownNameError(
            f"torchvision has no classification model called {short!r}",
            why=f"it has {len(known)}, none of that name",
            fix=f"did you mean torchvision:{near[0]}?" if near else "--model torchvision:resnet18",
            more="https://docs.pytorch.org/vision/stable/models.html#classification",
        )
    if channels not in (1, 3):
        raise ShapeError(
            f"{name} expects images with 1 or 3 channels, got {channels}",
            why="torchvision's models are made for colour pictures",
            fix="--model cnn",
            more="docs/models.md",
        )
    model: nn.Module = torchvision.models.get_model(
        short, weights=None, num_classes=classes, **_EXTRA.get(short, {})
    )
    try:
        try_out(name, model, (3, height, width), classes, place=f"torchvision.models.{short}")
    except ShapeError as error:
        raise _size_needed(name, short, height, width) from error
    return model if channels == 3 else nn.Sequential(GreyToRGB(), model)


class GreyToRGB(nn.Module):
    """Shows a grey image as red, green and blue, without copying it."""

    def forward(self, images: Float[Tensor, "N 1 H W"]) -> Float[Tensor, "N 3 H W"]:
        """f32[N,1,H,W] -> f32[N,3,H,W]."""
        return images.expand(-1, 3, -1, -1)


def _size_needed(name: str, short: str, height: int, width: int) -> ShapeError:
    """An error that names the smallest square this model takes, found by trying."""
    side = None
    # The meta device knows shapes only: nothing is computed, drawn or allocated.
    with torch.device("meta"):
        model = torchvision.models.get_model(short, weights=None, **_EXTRA.get(short, {}))
        good = next((s for s in _SIDES if _takes(model, s)), None)
        if good is not None:
            bad = max((s for s in _SIDES if s < good), default=0)
            while good - bad > 1:
                middle = (good + bad) // 2
                good, bad = (middle, bad) if _takes(model, middle) else (good, middle)
            side = good
            exact = not _takes(model, side + 1)
    if side is None:
        return ShapeError(
            f"{name} cannot take images of {height}x{width}",
            fix="--model resnet",
            more="docs/models.md",
        )
    wanted = f"{side}x{side}" if exact else f"at least {side}x{side}"
    return ShapeError(
        f"{name} expects images of {wanted}, got {height}x{width}",
        why="it was made for large pictures",
        fix=f"--set data.size={side} --set data.resize=stretch, or --model resnet",
        more="docs/models.md",
    )


def _takes(model: nn.Module, side: int) -> bool:
    try:
        with torch.no_grad(), eval_mode(model):
            model(torch.zeros(2, 3, side, side))
    except Exception:  # noqa: BLE001  # each model refuses in its own way
        return False
    return True
