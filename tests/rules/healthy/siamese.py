"""One network called twice for a pair, BCE on a sigmoid, test loop in evaluation mode."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Siamese(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(8, 16), nn.BatchNorm1d(16), nn.ReLU())
        self.fc, self.sigmoid = nn.Linear(32, 1), nn.Sigmoid()

    def forward(self, one, two):
        return self.sigmoid(self.fc(torch.cat([self.body(one), self.body(two)], 1)))


torch.manual_seed(0)
a, b = torch.randn(160, 8), torch.randn(160, 8)
y = (a[:, 0] * b[:, 0] > 0).float()
train_loader = DataLoader(TensorDataset(a[:96], b[:96], y[:96]), batch_size=16, shuffle=True)
test_loader = DataLoader(TensorDataset(a[96:], b[96:], y[96:]), batch_size=16)
model, criterion = Siamese(), nn.BCELoss()
optimizer = torch.optim.Adadelta(model.parameters(), lr=1.0)
for epoch in range(3):
    model.train()
    for one, two, targets in train_loader:
        optimizer.zero_grad()
        criterion(model(one, two).squeeze(), targets).backward()
        optimizer.step()
    model.eval()
    total = 0
    with torch.no_grad():
        for one, two, targets in test_loader:
            total += criterion(model(one, two).squeeze(), targets).sum().item()
