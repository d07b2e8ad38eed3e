"""Two heads that are trained in turns, each by batches of its own."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Shared(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(8, 16), nn.ReLU())
        self.heads = nn.ModuleDict({"sign": nn.Linear(16, 2), "sum": nn.Linear(16, 1)})

    def forward(self, x, task):
        return self.heads[task](self.trunk(x))


torch.manual_seed(0)
x = torch.randn(128, 8)
signs = DataLoader(TensorDataset(x[:64], (x[:64, 0] > 0).long()), batch_size=16, shuffle=True)
sums = DataLoader(TensorDataset(x[64:], x[64:].sum(1)), batch_size=16, shuffle=True)
model = Shared()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for epoch in range(4):
    for (xs, ys), (xr, yr) in zip(signs, sums, strict=True):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(xs, "sign"), ys).backward()
        optimizer.step()
        optimizer.zero_grad()
        nn.functional.mse_loss(model(xr, "sum").squeeze(-1), yr).backward()
        optimizer.step()
