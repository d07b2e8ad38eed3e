"""The network of PyTorch's quickstart: three fully connected layers.

Axes in this file: N samples, C channels, H height, W width, K classes.
"""

from __future__ import annotations

from torch import nn


def mlp(channels: int, height: int, width: int, classes: int) -> nn.Sequential:
    """784-512-512-10 for Fashion-MNIST. It sees pixels, but not which of them are neighbours.

    Returns:
        f32[N,C,H,W] -> f32[N,K]. The same seed gives the same weights as the quickstart's class.
    Source: https://docs.pytorch.org/tutorials/beginner/basics/quickstart_tutorial.html
    """
    return nn.Sequential(
        nn.Flatten(),                                # f32[N,C*H*W]
        nn.Linear(channels * height * width, 512),   # f32[N,512]
        nn.ReLU(),
        nn.Linear(512, 512),                         # f32[N,512]
        nn.ReLU(),
        nn.Linear(512, classes),                     # f32[N,K]
    )  # fmt: skip
