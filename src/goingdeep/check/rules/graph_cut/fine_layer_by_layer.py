"""Each layer has its own loss and optimizer, and takes detached inputs (as in forward-forward)."""

import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(64, 8)
layers = nn.ModuleList([nn.Linear(8, 12), nn.Linear(12, 12), nn.Linear(12, 12)])
optimizers = [torch.optim.Adam(layer.parameters(), lr=1e-2) for layer in layers]

for step in range(6):
    good = x[torch.randperm(64)[:16]]
    bad = good[torch.randperm(16)]
    for layer, optimizer in zip(layers, optimizers, strict=True):
        out_good, out_bad = torch.relu(layer(good)), torch.relu(layer(bad))
        loss = nn.functional.softplus(out_bad.pow(2).mean(1) - out_good.pow(2).mean(1)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        good, bad = out_good.detach(), out_bad.detach()
