"""The frozen backbone is in evaluation mode."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
x = torch.randn(96, 8) + 2
y = (x.sum(1) > 16).long()
loader = DataLoader(TensorDataset(x, y), batch_size=16, shuffle=True)
backbone = nn.Sequential(nn.Linear(8, 16), nn.BatchNorm1d(16), nn.ReLU()).requires_grad_(False)
model = nn.Sequential(backbone, nn.Linear(16, 2))
optimizer = torch.optim.SGD(model[1].parameters(), lr=0.1)

for epoch in range(2):
    model.train()
    backbone.eval()
    for inputs, labels in loader:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(inputs), labels).backward()
        optimizer.step()
