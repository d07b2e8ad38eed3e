"""Features under no_grad from a network in evaluation mode, and a linear layer on top."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
x = torch.randn(160, 8)
y = x[:, :3].argmax(1)
loader = DataLoader(TensorDataset(x[:96], y[:96]), batch_size=16, shuffle=True)
test_loader = DataLoader(TensorDataset(x[96:], y[96:]), batch_size=32)
backbone = nn.Sequential(nn.Linear(8, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.3))
backbone.eval()
probe = nn.Linear(32, 3)
optimizer = torch.optim.SGD(probe.parameters(), lr=0.1)
for epoch in range(3):
    probe.train()
    for inputs, labels in loader:
        with torch.no_grad():
            features = backbone(inputs)
        loss = nn.functional.cross_entropy(probe(features), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    probe.eval()
    with torch.no_grad():
        print(sum((probe(backbone(i)).argmax(1) == t).sum().item() for i, t in test_loader))
