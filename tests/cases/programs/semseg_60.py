"""Validation builds a graph for every batch.

rule:   no-grad-missing-eval
line:   for i, (input, target) in enumerate(val_loader):
style:  script in the manner of the ImageNet example, AverageMeter
source: hszhao/semseg#60
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class AverageMeter:
    def __init__(self):
        self.sum = self.count = 0

    def update(self, val, n=1):
        self.sum += val * n
        self.count += n

    @property
    def avg(self):
        return self.sum / self.count


def train(train_loader, model, optimizer, criterion):
    model.train()
    meter = AverageMeter()
    for input, target in train_loader:
        loss = criterion(model(input), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        meter.update(loss.item(), input.size(0))
    return meter.avg


# fixed: @torch.no_grad()
def validate(val_loader, model, criterion):
    model.eval()
    meter = AverageMeter()
    for i, (input, target) in enumerate(val_loader):
        output = model(input)
        loss = criterion(output, target)
        meter.update(loss.item(), input.size(0))
    return meter.avg


torch.manual_seed(68)
images = torch.randn(90, 3, 8, 8)
classes = images.argmax(1)
train_loader = DataLoader(TensorDataset(images[:60], classes[:60]), batch_size=6, shuffle=True)
val_loader = DataLoader(TensorDataset(images[60:], classes[60:]), batch_size=5)
model = nn.Sequential(
    nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 3, 1)
)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4)
for epoch in range(2):
    print(train(train_loader, model, optimizer, nn.CrossEntropyLoss(ignore_index=255)))
    print(validate(val_loader, model, nn.CrossEntropyLoss(ignore_index=255)))
