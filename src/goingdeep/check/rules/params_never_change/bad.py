"""Weights in bfloat16 with a small learning rate: every update is rounded away."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
x = torch.randn(128, 8)
y = x[:, :3].argmax(1)
loader = DataLoader(TensorDataset(x, y), batch_size=16, shuffle=True)
model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 3)).bfloat16()
nn.init.constant_(model[0].bias, 0.25)
nn.init.constant_(model[2].bias, 0.25)
optimizer = torch.optim.SGD(model.parameters(), lr=1e-6)

for epoch in range(2):
    for inputs, labels in loader:
        loss = nn.functional.cross_entropy(model(inputs.bfloat16()), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
