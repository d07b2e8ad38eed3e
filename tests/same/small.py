"""A small training with everything in it that could go wrong on a resume."""

from __future__ import annotations

from pathlib import Path

import numpy as np

MODEL = """
from torch import nn


def net(channels, height, width, classes):
    return nn.Sequential(
        nn.Conv2d(channels, 8, 3, padding=1, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Dropout(0.3),
        nn.Flatten(),
        nn.Linear(8 * height * width, classes),
    )
"""
SETTINGS = {
    "epochs": 4,
    "batch_size": 16,
    "augment.flip": "random",
    "augment.shift": 1,
    "augment.cutout": 3,
    "ema.decay": 0.9,
    "precision": "float32",
    "checkpoint_seconds": 0.02,
}
LONG = SETTINGS | {"epochs": 12}
"""So long that a fast machine, too, is killed more than twenty times before it has finished."""


def arrays(count: int = 397, side: int = 10, classes: int = 4) -> dict[str, np.ndarray]:
    """Images whose brightness hints at the class; 397 = 24 batches of 16 and one of 13."""
    draw = np.random.default_rng(5)
    labels = draw.integers(0, classes, count + 80)
    images = draw.integers(0, 100, (count + 80, 1, side, side)) + labels[:, None, None, None] * 40
    images = images.astype(np.uint8)
    return {
        "x_train": images[:count], "y_train": labels[:count],
        "x_test": images[count:], "y_test": labels[count:],
    }  # fmt: skip


def write(folder: Path) -> tuple[Path, Path]:
    """An .npz file and a model's file in a folder."""
    np.savez(folder / "small.npz", **arrays())
    (folder / "net.py").write_text(MODEL)
    return folder / "small.npz", folder / "net.py"
