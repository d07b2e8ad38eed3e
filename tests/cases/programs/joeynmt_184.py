"""Validation in the middle of an epoch leaves the rest of it in evaluation mode.

rule:   train-in-eval-mode
line:   for i, (src, trg) in enumerate(train_iter):
style:  train manager class, validation every n updates
source: joeynmt/joeynmt#184
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class TrainManager:
    def __init__(self, model, validation_freq=4):
        self.model = model
        self.optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
        self.validation_freq = validation_freq
        self.steps = 0

    def train_and_validate(self, train_iter, dev_iter, epochs):
        for _ in range(epochs):
            self.model.train()
            for i, (src, trg) in enumerate(train_iter):
                self._train_batch(src, trg)
                if self.steps % self.validation_freq == 0:
                    score = self._validate(dev_iter)
                    print(self.steps, score)
                    # fixed: self.model.train()

    def _train_batch(self, src, trg):
        log_probs = self.model(src)
        loss = nn.functional.cross_entropy(log_probs.flatten(0, 1), trg.flatten())
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.steps += 1

    def _validate(self, dev_iter):
        self.model.eval()
        with torch.no_grad():
            hits = [(self.model(src).argmax(-1) == trg).float().mean() for src, trg in dev_iter]
        return torch.stack(hits).mean().item()


torch.manual_seed(7)
source = torch.randint(0, 20, (240, 6))
target = (source + 1) % 20
model = nn.Sequential(nn.Embedding(20, 16), nn.Dropout(0.2), nn.Linear(16, 20))
train_iter = DataLoader(TensorDataset(source[:192], target[:192]), batch_size=16, shuffle=True)
dev_iter = DataLoader(TensorDataset(source[192:], target[192:]), batch_size=16)
TrainManager(model).train_and_validate(train_iter, dev_iter, epochs=2)
