"""A first backward is for the gradient of the inputs, and its rest is cleared."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
x = torch.randn(96, 8)
y = (x.sum(1) > 0).long()
loader = DataLoader(TensorDataset(x, y), batch_size=16, shuffle=True)
model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
loss_fn = nn.CrossEntropyLoss()

for epoch in range(2):
    for inputs, labels in loader:
        attacked = inputs.clone().requires_grad_(True)
        loss_fn(model(attacked), labels).backward()
        attacked = (inputs + 0.05 * attacked.grad.sign()).detach()
        optimizer.zero_grad()
        loss_fn(model(attacked), labels).backward()
        optimizer.step()
        optimizer.zero_grad()
