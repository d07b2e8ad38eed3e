"""Sigmoid with a loss that applies none: an autoencoder with summed binary cross-entropy."""

import torch
from torch import nn

torch.manual_seed(0)
x = torch.rand(128, 16).round()
model = nn.Sequential(nn.Linear(16, 6), nn.ReLU(), nn.Linear(6, 16), nn.Sigmoid())
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)

for step in range(10):
    batch = x[torch.randperm(128)[:32]]
    optimizer.zero_grad()
    loss = nn.functional.binary_cross_entropy(model(batch), batch, reduction="sum")
    loss.backward()
    optimizer.step()
