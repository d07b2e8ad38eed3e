"""A small convolutional network, made to learn much in the few seconds the quickstart takes.

Axes in this file: N samples, C channels, H height, W width, K classes.
The shapes in the comments are those for images of 28x28.
"""

from __future__ import annotations

from torch import nn

from goingdeep.errors import ShapeError

# Halved by three pools, and one pixel must be left.
SMALLEST = 8


def cnn(channels: int, height: int, width: int, classes: int) -> nn.Sequential:
    """Four convolutions, each with twice the channels of the one before and fewer pixels.

    A convolution before BatchNorm has no bias: BatchNorm takes the mean away, and the bias with it.
    The pool stands before BatchNorm and ReLU, so that these see a quarter of the numbers.

    Returns:
        f32[N,C,H,W] -> f32[N,K].
    Raises:
        ShapeError: images with a side below 8 pixels.
    """
    if min(height, width) < SMALLEST:
        raise ShapeError(
            f"cnn expects images of at least {SMALLEST}x{SMALLEST}, got {height}x{width}",
            why="it halves the image three times",
            fix=f"--model mlp, or --set data.size={SMALLEST} --set data.resize=pad",
            more="docs/models.md",
        )
    # Other sizes than 24 to 31 pixels leave another map than 3x3; a last pool brings it to 3x3.
    fit = [] if (height // 8, width // 8) == (3, 3) else [nn.AdaptiveMaxPool2d(3)]
    return nn.Sequential(
        nn.Conv2d(channels, 16, 3, padding=1, bias=False),  # f32[N,16,28,28]
        nn.MaxPool2d(2),                                    # f32[N,16,14,14]
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, padding=1, bias=False),        # f32[N,32,14,14]
        nn.MaxPool2d(2),                                    # f32[N,32,7,7]
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.Conv2d(32, 64, 3, padding=1, bias=False),        # f32[N,64,7,7]
        nn.MaxPool2d(2),                                    # f32[N,64,3,3]
        nn.BatchNorm2d(64),
        nn.ReLU(),
        nn.Conv2d(64, 128, 3, padding=1, bias=False),       # f32[N,128,3,3]
        nn.BatchNorm2d(128),
        nn.ReLU(),
        *fit,                                               # f32[N,128,3,3]
        nn.Flatten(),                                       # f32[N,1152]
        nn.Linear(128 * 9, classes),                        # f32[N,K]
    )  # fmt: skip
