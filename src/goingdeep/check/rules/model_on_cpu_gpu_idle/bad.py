"""Nothing moves the model to the accelerator that the machine has."""

import torch
from torch import nn

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(64, 1024), nn.ReLU(), nn.Linear(1024, 64))
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)

for _ in range(130):
    x = torch.randn(8, 64)
    loss = nn.functional.mse_loss(model(x), x.roll(1, 1))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
