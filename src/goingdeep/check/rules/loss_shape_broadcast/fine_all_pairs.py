"""All pairs on purpose, written out, beside the loss of each sample."""

import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(64, 5)
y = x @ torch.randn(5)
model = nn.Linear(5, 1)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

for step in range(10):
    p = model(x).squeeze(1)
    pairs = ((p.unsqueeze(1) - y.unsqueeze(0)) ** 2).mean()
    optimizer.zero_grad()
    pairs.backward()
    optimizer.step()

for step in range(10):
    optimizer.zero_grad()
    ((model(x) - y.unsqueeze(1)) ** 2).mean().backward()
    optimizer.step()
