"""Runs programs that were written for the CPU on the GPU, without a change of theirs.

Whatever they make is made there, so a loader gives batches that lie on the GPU. Orders are still
drawn on the CPU: a `Generator` that a program or a loader makes belongs to it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch
from torch.utils.data import RandomSampler, dataset


@contextlib.contextmanager
def to_the_gpu() -> Iterator[None]:
    """Within it tensors are made on the GPU."""
    order, split = RandomSampler.__iter__, dataset.randperm

    def drawn_on_the_cpu(self):
        with torch.device("cpu"):
            indices = list(order(self))
        return iter(indices)

    def split_on_the_cpu(*args, **kwargs):
        with torch.device("cpu"):
            return split(*args, **kwargs)

    RandomSampler.__iter__, dataset.randperm = drawn_on_the_cpu, split_on_the_cpu
    torch.set_default_device("cuda")
    try:
        yield
    finally:
        torch.set_default_device(None)
        RandomSampler.__iter__, dataset.randperm = order, split


def text(program: str) -> str:
    """A program's text, where autocast and GradScaler are told their device by name."""
    return program.replace('("cpu"', '("cuda"')
