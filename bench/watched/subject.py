"""What the watched scripts share: the images, a cheap loader, two networks, the line they print.

Axes in this file: N samples, C channels, H height, W width.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

Batch = tuple[torch.Tensor, torch.Tensor]

BATCH = 64
RATE = 1e-3


class Images(Dataset):
    """One uint8 tensor u8[N,1,28,28]; the DataLoader asks for a whole batch at once."""

    def __init__(self, raw: Path, part: str, count: int | None) -> None:
        images = np.fromfile(raw / f"{part}-images-idx3-ubyte", np.uint8, offset=16)
        labels = np.fromfile(raw / f"{part}-labels-idx1-ubyte", np.uint8, offset=8)
        self.images = torch.from_numpy(images).view(-1, 1, 28, 28)[:count]
        self.labels = torch.from_numpy(labels).long()[:count]

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> Batch:
        images, labels = self.__getitems__([index])
        return images[0], labels[0]

    def __getitems__(self, indices: Sequence[int]) -> Batch:
        chosen = torch.tensor(indices)
        return self.images.index_select(0, chosen).float().div_(255), self.labels[chosen]


def whole(batch: Batch) -> Batch:
    """A batch is one already: there is nothing to collate."""
    return batch


def parser() -> argparse.ArgumentParser:
    asked = argparse.ArgumentParser()
    asked.add_argument("data", type=Path, help="torchvision's root, holding FashionMNIST/raw")
    asked.add_argument("--model", choices=["mlp", "cnn"], default="mlp")
    asked.add_argument("--epochs", type=int, default=5)
    asked.add_argument("--steps", type=int, help="steps in an epoch; without it all images")
    asked.add_argument("--seed", type=int, default=0)
    asked.add_argument("--device", default="cpu", help="cpu or cuda")
    return asked


def parse(asked: argparse.ArgumentParser) -> argparse.Namespace:
    """Read the command line and seed torch."""
    args = asked.parse_args()
    torch.manual_seed(args.seed)
    return args


def loaders(args: argparse.Namespace) -> tuple[DataLoader, DataLoader]:
    """Make those of the training and of the test part."""
    raw = args.data / "FashionMNIST" / "raw"
    count = args.steps and args.steps * BATCH
    train, test = Images(raw, "train", count), Images(raw, "t10k", count)
    return (
        DataLoader(train, batch_size=BATCH, shuffle=True, collate_fn=whole),
        DataLoader(test, batch_size=BATCH, collate_fn=whole),
    )


def network(name: str) -> nn.Module:
    """Build the tutorial's network, or `cnn` of goingdeep."""
    if name == "cnn":
        from goingdeep.models.cnn import cnn

        return cnn(1, 28, 28, 10)
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(28 * 28, 512),
        nn.ReLU(),
        nn.Linear(512, 512),
        nn.ReLU(),
        nn.Linear(512, 10),
    )


def report(**numbers: object) -> None:
    """Print the line that the driver reads."""
    print(json.dumps({**numbers, "threads": torch.get_num_threads()}))
