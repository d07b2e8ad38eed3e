"""Low-rank adapters in a frozen network: most parameters need no gradient."""

import torch
from torch import nn


class Adapted(nn.Module):
    def __init__(self, layer, rank=2):
        super().__init__()
        self.layer = layer.requires_grad_(False)
        self.down = nn.Parameter(torch.randn(rank, layer.in_features) * 0.01)
        self.up = nn.Parameter(torch.zeros(layer.out_features, rank))

    def forward(self, x):
        return self.layer(x) + x @ self.down.T @ self.up.T


torch.manual_seed(0)
x = torch.randn(128, 8)
y = x[:, :3].argmax(1)
model = nn.Sequential(
    Adapted(nn.Linear(8, 16)), nn.GELU(), nn.Dropout(0.1), Adapted(nn.Linear(16, 3))
)
optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-2)
model.train()
for step in range(12):
    chosen = torch.randperm(128)[:16]
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x[chosen]), y[chosen]).backward()
    optimizer.step()
