"""A training by DistributedDataParallel on two processes, for test_ranks.py.

torchrun --nproc-per-node 2 --no-python gd run distributed.py
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

STEPS = 4


def train(rank: int) -> str:
    """Train; returns the sum of the weights, exactly."""
    torch.manual_seed(0)
    model = DistributedDataParallel(nn.Linear(4, 3))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    torch.manual_seed(rank)
    for _ in range(STEPS):
        loss = nn.functional.cross_entropy(model(torch.randn(8, 4)), torch.arange(8) % 3)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return sum(p.double().sum() for p in model.parameters()).item().hex()


def spawned(rank: int, store: str) -> None:
    """One of two processes, watched from inside."""
    os.chdir(Path(store).parent)
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{store}", rank=rank, world_size=2
    )
    import goingdeep as gd

    with gd.watch() as run:
        weights = train(rank)
    Path(f"told-{rank}").write_text(f"{run.path}\n{weights}")
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    torch.distributed.init_process_group("gloo")
    rank = torch.distributed.get_rank()
    Path(f"told-{rank}").write_text(f"{sys.argv[1]}\n{train(rank)}")
    torch.distributed.destroy_process_group()
