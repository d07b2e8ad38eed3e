"""A column that was measured as zero, and its logarithm."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
x = torch.rand(160, 6)
x[100, 2] = 0
y = x.sum(1, keepdim=True)
loader = DataLoader(TensorDataset(x.log(), y), batch_size=16)
model = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)

for epoch in range(2):
    for inputs, wanted in loader:
        optimizer.zero_grad()
        nn.functional.mse_loss(model(inputs), wanted).backward()
        optimizer.step()
