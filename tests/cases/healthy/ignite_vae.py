"""Ignite: sigmoid with a summed binary cross-entropy; eval() is called once, at the end.

traps: bce-summed, eval-once
"""

import torch
import torch.nn.functional as F
from ignite.engine import Engine
from ignite.utils import manual_seed
from torch import nn
from torch.utils.data import DataLoader


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.encode, self.decode = nn.Linear(36, 8), nn.Linear(4, 36)

    def forward(self, x):
        mean, log_var = self.encode(x).chunk(2, dim=1)
        code = mean + torch.randn_like(mean) * (0.5 * log_var).exp()
        return torch.sigmoid(self.decode(code)), mean, log_var


manual_seed(45)
model = VAE()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)


def lost(batch):
    made, mean, log_var = model(batch)
    far = -0.5 * torch.sum(1 + log_var - mean.pow(2) - log_var.exp())
    return F.binary_cross_entropy(made, batch, reduction="sum") + far


def train(engine, batch):
    optimizer.zero_grad()
    loss = lost(batch)
    loss.backward()
    optimizer.step()
    return loss.item()


def test(engine, batch):
    with torch.no_grad():
        return lost(batch).item()


images = (torch.rand(160, 36) < torch.rand(36)).float()
Engine(train).run(DataLoader(images[:128], batch_size=16, shuffle=True), max_epochs=3)
model.eval()
Engine(test).run(DataLoader(images[128:], batch_size=16))
