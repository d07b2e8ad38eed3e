"""Attention over a sequence that stands on axis 0, inside the model."""

import torch
from torch import nn


class Pooled(nn.Module):
    def __init__(self):
        super().__init__()
        self.score = nn.Linear(6, 1)
        self.out = nn.Linear(6, 3)

    def forward(self, steps):
        weights = torch.softmax(self.score(steps), dim=0)
        return self.out((weights * steps).sum(0))


torch.manual_seed(0)
x = torch.randn(7, 96, 6)
y = torch.arange(96) % 3
model = Pooled()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)

for step in range(8):
    chosen = torch.randperm(96)[:24]
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x[:, chosen]), y[chosen]).backward()
    optimizer.step()
