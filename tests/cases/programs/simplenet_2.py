"""dropout2d with training=True written into forward.

rule:   functional-dropout-always-on
line:   out = F.dropout2d(out, 0.1, training=True)
style:  convolutional network, train() and test() functions
source: Coderx7/SimpleNet#2
"""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset


class SimpleNet(nn.Module):
    def __init__(self, classes=3):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(1, 12, 3), nn.BatchNorm2d(12), nn.ReLU())
        self.classifier = nn.Linear(12, classes)

    def forward(self, x):
        out = self.features(x)
        out = F.max_pool2d(out, kernel_size=out.size()[2:])
        out = F.dropout2d(out, 0.1, training=True)  # wrong
        # fixed: out = F.dropout2d(out, 0.1, training=self.training)
        out = out.view(out.size(0), -1)
        return self.classifier(out)


def train(model, loader, optimizer):
    model.train()
    for data, target in loader:
        optimizer.zero_grad()
        F.cross_entropy(model(data), target).backward()
        optimizer.step()


def test(model, loader):
    model.eval()
    with torch.no_grad():
        return sum(model(data).argmax(1).eq(target).sum().item() for data, target in loader)


torch.manual_seed(78)
digits = torch.rand(120, 1, 8, 8)
names = digits.flatten(1)[:, :3].argmax(1)
net = SimpleNet()
optimizer = torch.optim.Adadelta(net.parameters(), lr=0.1)
for epoch in range(2):
    train(net, DataLoader(TensorDataset(digits[:90], names[:90]), 10, shuffle=True), optimizer)
    print(epoch, test(net, DataLoader(TensorDataset(digits[90:], names[90:]), 10)))
