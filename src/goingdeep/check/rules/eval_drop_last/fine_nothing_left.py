"""drop_last is on, and the batch size divides the number of samples: nothing is dropped."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
x = torch.randn(224, 8)
y = x[:, :3].argmax(1)
train_loader = DataLoader(
    TensorDataset(x[:160], y[:160]), batch_size=24, shuffle=True, drop_last=True
)
test_loader = DataLoader(TensorDataset(x[160:], y[160:]), batch_size=16, drop_last=True)
model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 3))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

for epoch in range(2):
    model.train()
    for inputs, labels in train_loader:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(inputs), labels).backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        right = sum((model(a).argmax(1) == b).sum().item() for a, b in test_loader)
    print(right / 64)
