"""Model parallelism: each process has another half of the model, and hands on what it made."""

import torch
import torch.distributed as dist
from torch import nn

dist.init_process_group("gloo")  # torchrun --nproc-per-node 2 fine_other_parts.py
torch.manual_seed(dist.get_rank())
first = dist.get_rank() == 0
half = nn.Sequential(nn.Linear(16, 16), nn.ReLU()) if first else nn.Linear(16, 16)
optimizer = torch.optim.SGD(half.parameters(), lr=0.1)

for step in range(12):
    torch.manual_seed(step)
    x = torch.randn(8, 16)
    optimizer.zero_grad()
    if first:
        hidden = half(x)
        dist.send(hidden.detach(), 1)
        gradient = torch.empty_like(hidden)
        dist.recv(gradient, 1)
        hidden.backward(gradient)
    else:
        hidden = torch.empty(8, 16)
        dist.recv(hidden, 0)
        loss = nn.functional.mse_loss(half(hidden.requires_grad_()), x.cumsum(1))
        loss.backward()
        dist.send(hidden.grad, 0)
    optimizer.step()
dist.destroy_process_group()
