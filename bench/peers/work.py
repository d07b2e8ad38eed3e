"""The work every peer is given, so that a peer's own file holds only what is the peer's."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn

BATCH = 64
RATE = 1e-3


def arguments() -> argparse.Namespace:
    """Read `DATA --epochs N --seed N` and seed torch."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path, help="torchvision's root, holding FashionMNIST/raw")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    return args


def network() -> nn.Sequential:
    """Build the tutorial's network."""
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(28 * 28, 512),
        nn.ReLU(),
        nn.Linear(512, 512),
        nn.ReLU(),
        nn.Linear(512, 10),
    )


def datasets(root: Path) -> tuple[torch.utils.data.Dataset, torch.utils.data.Dataset]:
    """Open the training and test part as torchvision has them, as the tutorial does."""
    from torchvision.datasets import FashionMNIST
    from torchvision.transforms import ToTensor

    return (
        FashionMNIST(root, train=True, transform=ToTensor()),
        FashionMNIST(root, train=False, transform=ToTensor()),
    )


def arrays(root: Path, part: str) -> tuple[np.ndarray, np.ndarray]:
    """Read one part ("train" or "t10k") as float32 images [N,1,28,28] from 0 to 1, and labels."""
    raw = root / "FashionMNIST" / "raw"
    images = np.fromfile(raw / f"{part}-images-idx3-ubyte", np.uint8, offset=16)
    labels = np.fromfile(raw / f"{part}-labels-idx1-ubyte", np.uint8, offset=8)
    scaled = images.reshape(-1, 1, 28, 28).astype(np.float32) / np.float32(255)
    return scaled, labels.astype(np.int64)


def report(epoch_seconds: Sequence[float], accuracy: Sequence[float]) -> None:
    """Print the line the driver reads: training seconds and test accuracy of each epoch."""
    line = {
        "epoch_seconds": [float(seconds) for seconds in epoch_seconds],
        "accuracy": [float(value) for value in accuracy],
        "threads": torch.get_num_threads(),
    }
    print(json.dumps(line))
