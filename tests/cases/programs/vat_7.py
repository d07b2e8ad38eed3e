"""train() stands before the loop over the epochs, eval() inside of it.

rule:   train-in-eval-mode
line:   for images, labels in train_loader:
style:  script of functions and globals
source: lyakaap/VAT-pytorch#7
"""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(9)
data = torch.rand(220, 1, 8, 8)
targets = (data[:, 0, :4].mean((1, 2)) > data[:, 0, 4:].mean((1, 2))).long()
train_loader = DataLoader(TensorDataset(data[:160], targets[:160]), batch_size=20, shuffle=True)
test_loader = DataLoader(TensorDataset(data[160:], targets[160:]), batch_size=20)

model = nn.Sequential(
    nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.LeakyReLU(0.1), nn.AdaptiveAvgPool2d(2),
    nn.Flatten(), nn.Dropout(0.5), nn.Linear(32, 2),
)  # fmt: skip
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)


def train(epoch):
    # fixed: model.train()
    for images, labels in train_loader:
        optimizer.zero_grad()
        F.cross_entropy(model(images), labels).backward()
        optimizer.step()


def test():
    model.eval()
    hits = 0
    with torch.no_grad():
        for images, labels in test_loader:
            hits += (model(images).argmax(1) == labels).sum().item()
    return hits / len(test_loader.dataset)


model.train()
for epoch in range(3):
    train(epoch)
    print(epoch, test())
