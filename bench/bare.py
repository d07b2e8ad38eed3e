"""The same work as a bare loop over staged tensors: the least a plain PyTorch user would write.

The whole training set is one uint8 tensor; torchvision is not imported, for it is not needed.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

import measure


def read(raw: Path, part: str) -> tuple[torch.Tensor, torch.Tensor]:
    images = np.fromfile(raw / f"{part}-images-idx3-ubyte", np.uint8, offset=16)
    labels = np.fromfile(raw / f"{part}-labels-idx1-ubyte", np.uint8, offset=8)
    return torch.from_numpy(images).view(-1, 1, 28, 28), torch.from_numpy(labels).long()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path, help="torchvision's root, holding FashionMNIST/raw")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.manual_seed(args.seed)

    images, labels = read(args.data / "FashionMNIST" / "raw", "train")
    test_images, test_labels = read(args.data / "FashionMNIST" / "raw", "t10k")
    model = nn.Sequential(
        nn.Flatten(),
        nn.Linear(28 * 28, 512),
        nn.ReLU(),
        nn.Linear(512, 512),
        nn.ReLU(),
        nn.Linear(512, 10),
    )
    loss_fn = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)

    epoch_seconds, accuracy = [], []
    for _ in range(args.epochs):
        start = time.perf_counter()
        for index in torch.randperm(len(images)).split(64):
            loss = loss_fn(model(images[index].float().div(255)), labels[index])
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
        epoch_seconds.append(time.perf_counter() - start)
        with torch.no_grad():
            correct = sum(
                int((model(some.float().div(255)).argmax(1) == truth).sum())
                for some, truth in zip(test_images.split(64), test_labels.split(64), strict=True)
            )
        accuracy.append(correct / len(test_labels))
    torch.save(model.state_dict(), "model.pth")
    print(
        json.dumps(
            {
                "epoch_seconds": epoch_seconds,
                "accuracy": accuracy,
                "threads": torch.get_num_threads(),
                "peak_mib": measure.own_peak_mib(),
            }
        )
    )


if __name__ == "__main__":
    main()
