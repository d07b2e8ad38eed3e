"""The test set was drawn from the data that the training set is made of."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
x = torch.randn(200, 8)
y = (x[:, 0] > 0).long()
chosen = torch.randperm(200)[:60]
train_loader = DataLoader(TensorDataset(x, y), batch_size=20, shuffle=True)
test_loader = DataLoader(TensorDataset(x[chosen], y[chosen]), batch_size=20)
model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)

for epoch in range(2):
    for inputs, labels in train_loader:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(inputs), labels).backward()
        optimizer.step()
    with torch.no_grad():
        hits = sum((model(i).argmax(1) == t).sum().item() for i, t in test_loader)
    print(f"test accuracy {hits / 60:.2f}")
