"""Samples and labels are shuffled together."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
x = torch.randn(2000, 4)
y = x[:, :3].argmax(1)
order = torch.randperm(2000)
loader = DataLoader(TensorDataset(x[order], y[order]), batch_size=20, shuffle=True)
model = nn.Linear(4, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.3)

for epoch in range(4):
    for inputs, labels in loader:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(inputs), labels).backward()
        optimizer.step()
