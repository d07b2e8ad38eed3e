"""Pixels with classes, most of them background, ignored borders, a U-shaped net with skips."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Small(nn.Module):
    def __init__(self):
        super().__init__()
        self.down = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU())
        self.pool, self.up = nn.MaxPool2d(2), nn.Upsample(scale_factor=2)
        self.middle = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU())
        self.out = nn.Conv2d(16, 3, 1)

    def forward(self, x):
        skip = self.down(x)
        return self.out(torch.cat([skip, self.up(self.middle(self.pool(skip)))], 1))


torch.manual_seed(0)
x = torch.randn(48, 1, 8, 8)
y = torch.zeros(48, 8, 8, dtype=torch.long)
y[:, 2:4, 2:4] = 1
y[:, 0] = 255
train_loader = DataLoader(TensorDataset(x[:32], y[:32]), batch_size=4, shuffle=True)
val_loader = DataLoader(TensorDataset(x[32:], y[32:]), batch_size=4)
model, criterion = Small(), nn.CrossEntropyLoss(ignore_index=255)
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
total = 2 * len(train_loader)
scheduler = torch.optim.lr_scheduler.PolynomialLR(optimizer, total_iters=total, power=0.9)
for epoch in range(2):
    model.train()
    for inputs, masks in train_loader:
        optimizer.zero_grad()
        criterion(model(inputs), masks).backward()
        optimizer.step()
        scheduler.step()
    model.eval()
    with torch.no_grad():
        for inputs, masks in val_loader:
            criterion(model(inputs), masks)
