"""Early stopping keeps a reference to the best weights.

rule:   best-state-alias
line:   self.best_model_dict = self.model.state_dict()
style:  estimator class with fit(), patience, imputation loss
source: WenjieDu/PyPOTS#667
"""

from copy import deepcopy

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Imputer:
    def __init__(self, epochs=6, patience=3):
        self.model = nn.Sequential(nn.Linear(16, 24), nn.ReLU(), nn.Linear(24, 8))
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=2e-2)
        self.epochs, self.patience = epochs, patience
        self.best_model_dict, self.best_loss = None, float("inf")

    def _loss(self, x, missing):
        reconstruction = self.model(torch.cat([x * ~missing, missing.float()], dim=1))
        return ((reconstruction - x)[missing] ** 2).mean()

    def fit(self, train_loader, val_loader):
        patience = self.patience
        for epoch in range(self.epochs):
            self.model.train()
            for x, missing in train_loader:
                self.optimizer.zero_grad()
                loss = self._loss(x, missing)
                loss.backward()
                self.optimizer.step()
            self.model.eval()
            with torch.no_grad():
                mean_loss = sum(self._loss(*batch).item() for batch in val_loader)
            if mean_loss < self.best_loss:
                self.best_loss = mean_loss
                self.best_model_dict = self.model.state_dict()  # wrong
                # fixed: self.best_model_dict = deepcopy(self.model.state_dict())
                patience = self.patience
            else:
                patience -= 1
            if patience == 0 or epoch == 4:
                break
        self.model.load_state_dict(self.best_model_dict)


torch.manual_seed(71)
series = torch.randn(240, 2) @ torch.randn(2, 8)
gone = torch.rand(240, 8) < 0.2
train = DataLoader(TensorDataset(series[:180], gone[:180]), batch_size=18, shuffle=True)
valid = DataLoader(TensorDataset(series[180:], gone[180:]), batch_size=20)
Imputer().fit(train, valid)
