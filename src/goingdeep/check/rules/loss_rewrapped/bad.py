"""The loss is computed from numbers, and then told that it requires a gradient."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
x = torch.randn(96, 8)
y = x[:, :3].argmax(1)
loader = DataLoader(TensorDataset(x, y), batch_size=16, shuffle=True)
model = nn.Linear(8, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

for epoch in range(2):
    for inputs, labels in loader:
        predictions = model(inputs).argmax(1)
        loss = (predictions != labels).float().mean()
        loss.requires_grad = True
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
