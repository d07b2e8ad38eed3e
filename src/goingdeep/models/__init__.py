"""Models: images in, one score for each class out.

    mlp, cnn, resnet    a file of that name in this folder
    torchvision:NAME    a classification model of torchvision
    file.py:function    the user's own

To add a model, add one file to this folder, named after the model, with one function of the same
name: `def mlp(channels, height, width, classes) -> nn.Module`. Nothing else is edited. Files that
begin with an underscore are not models.

Axes in this folder: N samples, C channels, H height, W width, K classes.
Importing this does not import torch, so an unknown name is refused at once.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, cast

from goingdeep.errors import ShapeError
from goingdeep.models._card import LayerRow, ModelCard, card
from goingdeep.models._images import check_images
from goingdeep.models._names import NAMES, check_name, file_and_function

if TYPE_CHECKING:
    from torch import nn

__all__ = [
    "NAMES",
    "LayerRow",
    "ModelCard",
    "build",
    "card",
    "check_images",
    "check_name",
    "file_and_function",
]


MOST_NUMBERS = 1 << 26
"""Channels x height x width of the largest image; beyond it a first layer alone fills memory."""


def build(name: str, channels: int, height: int, width: int, classes: int) -> nn.Module:
    """A model with fresh weights, on the CPU in float32, that has been seen to give f32[N,K].

    Args:
        name: one of NAMES, "torchvision:NAME" or "file.py:function".
        channels: C, 1 for grey and 3 for colour.
        height: H, in pixels.
        width: W, in pixels.
        classes: K, how many scores to give for each image.
    Returns:
        The model in train mode: f32[N,C,H,W] in 0 to 1 -> f32[N,K], raw scores of any range.
    Raises:
        UnknownNameError: no such model.
        SettingsError: a user's file that is missing, fails, or does not give a model.
        ShapeError: the model cannot take images of this size, or does not give f32[N,K].
    Changes:
        Draws from torch's generator exactly what writing the same layers by hand would draw. The
        trial with two black images that follows draws nothing and leaves BatchNorm untouched.
    """
    check_name(name)
    if min(channels, height, width, classes) < 1:
        raise ShapeError(
            f"{name} expects sizes of at least 1, "
            f"got channels {channels}, height {height}, width {width}, classes {classes}"
        )

    if channels * height * width > MOST_NUMBERS:
        raise ShapeError(
            f"{name} expects images of at most {MOST_NUMBERS:,} numbers, "
            f"got {channels}x{height}x{width}",
            fix="--set data.size=224 --set data.resize=pad",
            more="docs/models.md",
        )

    from goingdeep.models._trial import try_out

    size = (channels, height, width)
    if name.startswith("torchvision:"):
        from goingdeep.models._torchvision import from_torchvision

        return from_torchvision(name, channels, height, width, classes)
    if file_and_function(name):
        from goingdeep.models._userfile import from_file

        model, place = from_file(name, channels, height, width, classes)
        try_out(name, model, size, classes, place=place)
        return model
    module = importlib.import_module(f"goingdeep.models.{name}")
    model = cast("nn.Module", getattr(module, name)(channels, height, width, classes))
    try_out(name, model, size, classes, place=f"models/{name}.py")
    return model
