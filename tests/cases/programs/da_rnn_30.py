"""A recurrent forecaster's test() knows neither eval() nor no_grad().

rule:   eval-in-train-mode
line:   for window, target in loader:
style:  model class that trains and tests itself
source: Zhenye-Na/DA-RNN#30
"""

import math

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class DaRnn(nn.Module):
    def __init__(self, loader_train, loader_test):
        super().__init__()
        self.encoder = nn.GRU(2, 12, batch_first=True)
        self.dropout = nn.Dropout(0.2)
        self.head = nn.Linear(12, 1)
        self.criterion = nn.MSELoss()
        self.optimizer = torch.optim.Adam(self.parameters(), lr=3e-3)
        self.loader_train, self.loader_test = loader_train, loader_test

    def forward(self, window):
        hidden, _ = self.encoder(window)
        return self.head(self.dropout(hidden[:, -1]))

    def fit(self, epochs):
        for _ in range(epochs):
            # fixed: self.train()
            for window, target in self.loader_train:
                self.optimizer.zero_grad()
                loss = self.criterion(self(window), target)
                loss.backward()
                self.optimizer.step()
            print(self.test(self.loader_test))

    # fixed: @torch.no_grad()
    def test(self, loader):
        # fixed: self.eval()
        total = 0.0
        for window, target in loader:
            total += self.criterion(self(window), target).item()
        return total / len(loader)


torch.manual_seed(5)
time = torch.arange(400) * 0.1
series = torch.stack([torch.sin(time), torch.cos(time * math.pi)], dim=1) + 0.1 * torch.randn(
    400, 2
)
windows = series.unfold(0, 10, 1).transpose(1, 2)[:-1]
targets = series[10:, :1]
train = DataLoader(TensorDataset(windows[:300], targets[:300]), batch_size=30, shuffle=True)
test = DataLoader(TensorDataset(windows[320:], targets[320:]), batch_size=30)
DaRnn(train, test).fit(3)
