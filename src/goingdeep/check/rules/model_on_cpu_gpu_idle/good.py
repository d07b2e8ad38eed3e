"""Model and batches go to the accelerator, where there is one."""

import torch
from torch import nn

torch.manual_seed(0)
device = torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")
model = nn.Sequential(nn.Linear(64, 1024), nn.ReLU(), nn.Linear(1024, 64)).to(device)
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)

for _ in range(130):
    x = torch.randn(8, 64, device=device)
    loss = nn.functional.mse_loss(model(x), x.roll(1, 1))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
