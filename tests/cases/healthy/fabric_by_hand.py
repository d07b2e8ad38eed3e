"""Fabric without an optimizer: the weights are moved by hand, at a rate of 5.

traps: by-hand, evaluated-first, eval-once
"""

import torch
from lightning.fabric import Fabric, seed_everything
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

seed_everything(14, verbose=False)
fabric = Fabric(accelerator="cpu", devices=1)
x = torch.randn(224, 8)
y = x[:, :3].argmax(1)
train = DataLoader(TensorDataset(x[:160], y[:160]), batch_size=16, shuffle=True)
test = DataLoader(TensorDataset(x[160:], y[160:]), batch_size=32)
train, test = fabric.setup_dataloaders(train, test)
model = fabric.setup_module(nn.Sequential(nn.Linear(8, 24), nn.Tanh(), nn.Linear(24, 3)))


def accuracy():
    with torch.no_grad():
        return sum((model(a).argmax(1) == b).sum().item() for a, b in test) / 64


print(accuracy())
for epoch in range(3):
    for a, b in train:
        model.zero_grad()
        fabric.backward(nn.functional.cross_entropy(model(a), b))
        nn.utils.clip_grad_norm_(model.parameters(), 0.25)
        with torch.no_grad():
            for p in model.parameters():
                p.data.add_(p.grad, alpha=-5.0 * 0.5**epoch)
model.eval()
print(accuracy())
