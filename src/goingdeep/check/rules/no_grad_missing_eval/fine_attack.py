"""Evaluations that need gradients: accuracy under an attack, and a saliency map of each batch."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
x = torch.randn(192, 6)
y = (x.sum(1) > 0).long()
train_loader = DataLoader(TensorDataset(x[:96], y[:96]), batch_size=16, shuffle=True)
test_loader = DataLoader(TensorDataset(x[96:], y[96:]), batch_size=16)
model = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)


def gradient(inputs, labels):
    inputs = inputs.clone().requires_grad_()
    loss = nn.functional.cross_entropy(model(inputs), labels)
    return torch.autograd.grad(loss, inputs)[0]


for epoch in range(2):
    for inputs, labels in train_loader:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(inputs), labels).backward()
        optimizer.step()
    hits = 0
    for inputs, labels in test_loader:
        attacked = inputs + 0.1 * gradient(inputs, labels).sign()
        with torch.no_grad():
            hits += (model(attacked).argmax(1) == labels).sum().item()
    maps = [gradient(inputs, labels).abs() for inputs, labels in test_loader]
    print(f"accuracy {hits / 96:.2f}, most looked at: {torch.cat(maps).mean(0).argmax()}")
