"""Amounts cannot be negative, and the output is not, either."""

import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(128, 6)
y = x.abs().sum(1, keepdim=True)
net = nn.Sequential(nn.Linear(6, 24), nn.ReLU(), nn.Linear(24, 1), nn.ReLU())
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)

for step in range(20):
    chosen = torch.randperm(128)[:32]
    optimizer.zero_grad()
    nn.functional.mse_loss(net(x[chosen]), y[chosen]).backward()
    optimizer.step()
