"""One target for all samples, stretched on purpose, and distances between all pairs."""

import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(64, 5)
center = torch.ones(1, 3)
model = nn.Linear(5, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)

for step in range(8):
    z = model(x[torch.randperm(64)[:16]])
    to_center = nn.functional.mse_loss(z, center.expand(16, 3))
    apart = (z.unsqueeze(0) - z.unsqueeze(1)).pow(2).sum(-1)
    loss = to_center + 0.1 * torch.exp(-apart).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
