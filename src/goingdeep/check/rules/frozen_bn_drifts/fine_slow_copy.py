"""A slow copy of the encoder runs without gradients; its BatchNorm follows the data (MoCo)."""

import copy

import torch
from torch import nn


class Pair(nn.Module):
    def __init__(self):
        super().__init__()
        self.fast = nn.Sequential(nn.Linear(8, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 4))
        self.slow = copy.deepcopy(self.fast).requires_grad_(False)

    def forward(self, one, two):
        with torch.no_grad():
            for slow, fast in zip(self.slow.parameters(), self.fast.parameters(), strict=True):
                slow.lerp_(fast, 0.01)
            key = self.slow(two)
        return nn.functional.mse_loss(self.fast(one), key)


torch.manual_seed(0)
x = torch.randn(64, 8)
model = Pair()
optimizer = torch.optim.SGD(model.fast.parameters(), lr=0.05)

for step in range(10):
    batch = x[torch.randperm(64)[:16]]
    optimizer.zero_grad()
    model(batch + 0.1 * torch.randn(16, 8), batch + 0.1 * torch.randn(16, 8)).backward()
    optimizer.step()
