"""Biases that count: a ReLU stands before the BatchNorm, or the BatchNorm keeps to what it knows."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
x = torch.rand(96, 3, 8, 8)
y = x.mean((2, 3)).argmax(1)
loader = DataLoader(TensorDataset(x, y), batch_size=16, shuffle=True)
backbone = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8)).requires_grad_(False)
model = nn.Sequential(
    backbone,
    nn.Conv2d(8, 8, 3), nn.ReLU(), nn.BatchNorm2d(8),
    nn.Conv2d(8, 8, 3), nn.GroupNorm(2, 8), nn.ReLU(), nn.Flatten(), nn.Linear(32, 3),
)  # fmt: skip
optimizer = torch.optim.SGD((p for p in model.parameters() if p.requires_grad), lr=0.1)

for epoch in range(2):
    model.train()
    backbone.eval()
    for images, labels in loader:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(images), labels).backward()
        optimizer.step()
