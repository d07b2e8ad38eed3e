"""Nearly all labels are of one class: always saying it is the best that can be done."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
x = torch.randn(240, 8)
y = (torch.arange(240) % 40 == 0).long()
train_loader = DataLoader(TensorDataset(x[:160], y[:160]), 16, shuffle=True)
test_loader = DataLoader(TensorDataset(x[160:], y[160:]), 40)
model = nn.Linear(8, 2)
nn.init.zeros_(model.weight)
nn.init.constant_(model.bias, 0.5)
optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)

for epoch in range(3):
    for batch, wanted in train_loader:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(batch), wanted).backward()
        optimizer.step()
    with torch.no_grad():
        right = sum((model(batch).argmax(1) == wanted).sum() for batch, wanted in test_loader)
    print(right / 80)
