"""A small residual network for images of about 28 to 64 pixels, for minutes, not seconds.

Axes in this file: N samples, C channels, H height, W width, K classes.
The shapes in the comments are those for images of 28x28.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import nn

from goingdeep.errors import ShapeError

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

# Halved twice by pools; a 3x3 convolution wants three pixels a side to look at.
SMALLEST = 12


def resnet(channels: int, height: int, width: int, classes: int) -> nn.Sequential:
    """Four convolutions, with a residual block after the second and the third.

    Most of the work is done on 14x14 and 7x7 positions: full size costs four times as much and
    adds little. Each channel gives its highest value to the last layer, wherever it was found.

    Returns:
        f32[N,C,H,W] -> f32[N,K].
    Raises:
        ShapeError: images with a side below 12 pixels.
    Source: He et al. 2015, Deep Residual Learning for Image Recognition, arXiv:1512.03385.
    """
    if min(height, width) < SMALLEST:
        raise ShapeError(
            f"resnet expects images of at least {SMALLEST}x{SMALLEST}, got {height}x{width}",
            why="it halves the image twice",
            fix=f"--model mlp, or --set data.size={SMALLEST} --set data.resize=pad",
            more="docs/models.md",
        )
    return nn.Sequential(
        nn.Conv2d(channels, 32, 3, padding=1, bias=False),  # f32[N,32,28,28]
        nn.MaxPool2d(2),                                    # f32[N,32,14,14]
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.Conv2d(32, 64, 3, padding=1, bias=False),        # f32[N,64,14,14]
        nn.BatchNorm2d(64),
        nn.ReLU(),
        Residual(64),                                       # f32[N,64,14,14]
        nn.Conv2d(64, 128, 3, padding=1, bias=False),       # f32[N,128,14,14]
        nn.MaxPool2d(2),                                    # f32[N,128,7,7]
        nn.BatchNorm2d(128),
        nn.ReLU(),
        Residual(128),                                      # f32[N,128,7,7]
        nn.Conv2d(128, 256, 3, padding=1, bias=False),      # f32[N,256,7,7]
        nn.BatchNorm2d(256),
        nn.ReLU(),
        nn.AdaptiveMaxPool2d(1),                            # f32[N,256,1,1]
        nn.Flatten(),                                       # f32[N,256]
        nn.Linear(256, classes),                            # f32[N,K]
    )  # fmt: skip


class Residual(nn.Module):
    """Two convolutions whose result is added to what went in, so that gradients pass unhindered.

    Args:
        channels: how many go in and come out.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.path = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
        )

    def forward(self, images: Float[Tensor, "N C H W"]) -> Float[Tensor, "N C H W"]:
        """f32[N,C,H,W] -> f32[N,C,H,W]."""
        added: Tensor = images + self.path(images)
        return added
