"""A scaler whose first scale is far too high: it skips the steps, and lowers the scale."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
x = torch.rand(160, 6)
y = x.sum(1, keepdim=True)
loader = DataLoader(TensorDataset(x, y), batch_size=16, shuffle=True)
model = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
scaler = torch.amp.GradScaler("cpu", init_scale=2.0**127, backoff_factor=1e-9)

for epoch in range(2):
    for inputs, wanted in loader:
        optimizer.zero_grad()
        scaler.scale(nn.functional.mse_loss(model(inputs), wanted)).backward()
        scaler.step(optimizer)
        scaler.update()
