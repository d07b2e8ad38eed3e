"""The attack on the inputs is made in evaluation mode, the update in training mode."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
x = torch.randn(96, 6)
y = (x.sum(1) > 0).long()
loader = DataLoader(TensorDataset(x, y), batch_size=16, shuffle=True)
model = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
loss_fn = nn.CrossEntropyLoss()

for epoch in range(2):
    for inputs, labels in loader:
        model.eval()
        attacked = inputs.clone().requires_grad_(True)
        (gradient,) = torch.autograd.grad(loss_fn(model(attacked), labels), attacked)
        attacked = (inputs + 0.05 * gradient.sign()).detach()

        model.train()
        optimizer.zero_grad()
        loss_fn(model(attacked), labels).backward()
        optimizer.step()
