"""Six columns of yes and no: different people give the same answers."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
x = torch.randint(0, 2, (300, 6)).float()
y = (x.sum(1) > 3).long()
train_loader = DataLoader(TensorDataset(x[:200], y[:200]), batch_size=20, shuffle=True)
test_loader = DataLoader(TensorDataset(x[200:], y[200:]), batch_size=20)
model = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)

for epoch in range(2):
    for inputs, labels in train_loader:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(inputs), labels).backward()
        optimizer.step()
    with torch.no_grad():
        hits = sum((model(i).argmax(1) == t).sum().item() for i, t in test_loader)
    print(f"test accuracy {hits / 100:.2f}")
