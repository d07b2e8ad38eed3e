"""Datasets that draw random numbers. Imported by processes that start anew, so it imports little."""

from __future__ import annotations

import random

import numpy as np
import torch
from torch.utils.data import Dataset, IterableDataset


class Noise(Dataset):
    """Draws from the generators that it is told to."""

    def __init__(self, *sources: str, length: int = 12):
        self.sources = sources
        self.length = length

    def __len__(self):
        return self.length

    def __getitem__(self, index):
        drawn = {
            "torch": lambda: torch.rand(()).item(),
            "numpy": np.random.rand,
            "python": random.random,
        }
        return torch.tensor([index, *(drawn[name]() for name in self.sources)])


class Flow(IterableDataset):
    def __iter__(self):
        return iter(np.random.rand(6).tolist())  # noqa: NPY002


def same_numbers(worker: int) -> None:
    np.random.seed(0)  # noqa: NPY002
    random.seed(worker)


def no_numbers(worker: int) -> None:
    raise ValueError(worker)


class Broken(Noise):
    def __getitem__(self, index):
        raise ValueError(index)
