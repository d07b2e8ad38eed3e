"""Validation by iteration count ends with the network in evaluation mode until the next epoch.

rule:   train-in-eval-mode
line:   for batch_idx, (data, target) in enumerate(self.train_loader):
style:  Trainer class with an iteration counter, segmentation
source: wkentaro/pytorch-fcn#56
"""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def cross_entropy2d(input, target):
    n, c, h, w = input.size()
    log_p = F.log_softmax(input, dim=1).permute(0, 2, 3, 1).reshape(-1, c)
    return F.nll_loss(log_p, target.view(-1))


class Trainer:
    def __init__(self, model, optimizer, train_loader, val_loader, max_iter, interval_validate):
        self.model, self.optim = model, optimizer
        self.train_loader, self.val_loader = train_loader, val_loader
        self.max_iter, self.interval_validate = max_iter, interval_validate
        self.iteration = 0

    def validate(self):
        # fixed: training = self.model.training
        self.model.eval()
        loss = 0.0
        for data, target in self.val_loader:
            with torch.no_grad():
                loss += cross_entropy2d(self.model(data), target).item()
        print(self.iteration, loss / len(self.val_loader))
        # fixed: self.model.train(training)

    def train_epoch(self):
        self.model.train()
        for batch_idx, (data, target) in enumerate(self.train_loader):
            self.iteration += 1
            if self.iteration % self.interval_validate == 0:
                self.validate()
            self.optim.zero_grad()
            loss = cross_entropy2d(self.model(data), target)
            loss.backward()
            self.optim.step()

    def train(self):
        while self.iteration < self.max_iter:
            self.train_epoch()


torch.manual_seed(8)
images = torch.randn(60, 3, 8, 8)
labels = (images.sum(1) > 0).long()
net = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Dropout2d(), nn.Conv2d(8, 2, 1))
Trainer(
    net,
    torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9),
    DataLoader(TensorDataset(images[:48], labels[:48]), batch_size=4, shuffle=True),
    DataLoader(TensorDataset(images[48:], labels[48:]), batch_size=4),
    max_iter=30,
    interval_validate=5,
).train()
