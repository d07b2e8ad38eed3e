"""A small residual network for images of about 28 to 64 pixels, for minutes rather than seconds.

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

# Halved three times; two pixels must be left, for BatchNorm learns nothing from a single one.
SMALLEST = 16


def resnet(channels: int, height: int, width: int, classes: int) -> nn.Sequential:
    """Six residual blocks in three stages of 64, 128 and 256 channels.

    The first stage already works on a quarter of the pixels: that is where most of the time goes.

    Returns:
        f32[N,C,H,W] -> f32[N,K].
    Raises:
        ShapeError: images with a side below 16 pixels.
    Source: He et al. 2015, Deep Residual Learning for Image Recognition, arXiv:1512.03385.
    """
    if min(height, width) < SMALLEST:
        raise ShapeError(
            f"resnet expects images of at least {SMALLEST}x{SMALLEST}, got {height}x{width}",
            why="it halves the image three times",
            fix=f"--model mlp, or --set data.size={SMALLEST} --set data.resize=pad",
            more="docs/models.md",
        )
    return nn.Sequential(
        nn.Conv2d(channels, 64, 3, padding=1, bias=False),  # f32[N,64,28,28]
        nn.MaxPool2d(2),                                    # f32[N,64,14,14]
        nn.BatchNorm2d(64),
        nn.ReLU(),
        Residual(64, 64),                                   # f32[N,64,14,14]
        Residual(64, 64),                                   # f32[N,64,14,14]
        Residual(64, 128, stride=2),                        # f32[N,128,7,7]
        Residual(128, 128),                                 # f32[N,128,7,7]
        Residual(128, 256, stride=2),                       # f32[N,256,4,4]
        Residual(256, 256),                                 # f32[N,256,4,4]
        nn.AdaptiveAvgPool2d(1),                            # f32[N,256,1,1]
        nn.Flatten(),                                       # f32[N,256]
        nn.Linear(256, classes),                            # f32[N,K]
    )  # fmt: skip


class Residual(nn.Module):
    """Two convolutions whose result is added to what went in.

    Args:
        before: channels that come in.
        after: channels that go out.
        stride: 2 halves height and width (rounded up).
    """

    def __init__(self, before: int, after: int, stride: int = 1) -> None:
        super().__init__()
        self.path = nn.Sequential(
            nn.Conv2d(before, after, 3, stride=stride, padding=1, bias=False),
            nn.BatchNorm2d(after),
            nn.ReLU(),
            nn.Conv2d(after, after, 3, padding=1, bias=False),
            nn.BatchNorm2d(after),
        )
        # The sum needs equal shapes: where they differ, a 1x1 convolution brings the input to them.
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or before != after:
            self.shortcut = nn.Sequential(
                nn.Conv2d(before, after, 1, stride=stride, bias=False),
                nn.BatchNorm2d(after),
            )
        self.relu = nn.ReLU()

    def forward(self, images: Float[Tensor, "N C H W"]) -> Float[Tensor, "N D h w"]:
        """f32[N,C,H,W] -> f32[N,D,h,w] with D channels, each side divided by the stride."""
        total: Tensor = self.path(images) + self.shortcut(images)
        activated: Tensor = self.relu(total)
        return activated
