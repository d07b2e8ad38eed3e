"""A slowly moving copy of the encoder gives targets without gradients."""

import copy

import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(64, 8)
online = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4))
predictor = nn.Linear(4, 4)
target = copy.deepcopy(online)
optimizer = torch.optim.Adam([*online.parameters(), *predictor.parameters()], lr=1e-2)

for step in range(10):
    batch = x[torch.randperm(64)[:16]]
    one, two = batch + 0.1 * torch.randn(16, 8), batch + 0.1 * torch.randn(16, 8)
    loss = nn.functional.mse_loss(predictor(online(one)), target(two).detach())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    with torch.no_grad():
        for slow, fast in zip(target.parameters(), online.parameters(), strict=True):
            slow.lerp_(fast, 0.1)
