"""Probabilities go into cross-entropy, but only in validation.

rule:   double-softmax
line:   probs = torch.softmax(self.model(x), dim=1)
style:  class with training_step and validation_step, no framework
source: ariecattan/SciCo#2
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Multiclass:
    def __init__(self):
        self.model = nn.Sequential(nn.Linear(14, 28), nn.ReLU(), nn.Linear(28, 4))
        self.criterion = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-3)

    def training_step(self, batch):
        x, y = batch
        loss = self.criterion(self.model(x), y)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def validation_step(self, batch):
        x, y = batch
        probs = torch.softmax(self.model(x), dim=1)  # wrong
        # fixed: probs = self.model(x)
        loss = self.criterion(probs, y)
        return loss.item(), (probs.argmax(1) == y).sum().item()

    def fit(self, train, dev, epochs):
        for epoch in range(epochs):
            self.model.train()
            train_loss = sum(self.training_step(batch) for batch in train) / len(train)
            self.model.eval()
            with torch.no_grad():
                scores = [self.validation_step(batch) for batch in dev]
            dev_loss = sum(loss for loss, _ in scores) / len(dev)
            print(f"{epoch}: train {train_loss:.3f}, validation {dev_loss:.3f}")


torch.manual_seed(12)
pairs = torch.randn(256, 14)
relation = (pairs[:, 0] > 0).long() * 2 + (pairs[:, 1] > 0).long()
train = DataLoader(TensorDataset(pairs[:192], relation[:192]), batch_size=16, shuffle=True)
dev = DataLoader(TensorDataset(pairs[192:], relation[192:]), batch_size=16)
Multiclass().fit(train, dev, 2)
