"""A layer that saturates for every input: nothing of it arrives at the end."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
x = 100 + torch.randn(240, 8).abs()
y = (x - 100)[:, :3].argmax(1)
train_loader = DataLoader(TensorDataset(x[:160], y[:160]), 16, shuffle=True)
test_loader = DataLoader(TensorDataset(x[160:], y[160:]), 40)
model = nn.Sequential(nn.Linear(8, 32), nn.Sigmoid(), nn.Linear(32, 3))
nn.init.constant_(model[0].weight, 0.1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

for epoch in range(3):
    for batch, wanted in train_loader:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(batch), wanted).backward()
        optimizer.step()
    with torch.no_grad():
        right = sum((model(batch).argmax(1) == wanted).sum() for batch, wanted in test_loader)
    print(right / 80)
