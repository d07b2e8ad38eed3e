"""The last ten losses are kept for a moving average, and a list of numbers for the curve."""

from collections import deque

import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(64, 6)
y = (x.sum(1) > 0).long()
model = nn.Linear(6, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

recent, curve = deque(maxlen=10), []
for step in range(100):
    chosen = torch.randperm(64)[:16]
    loss = nn.functional.cross_entropy(model(x[chosen]), y[chosen])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    recent.append(loss)
    curve.append(loss.detach())
