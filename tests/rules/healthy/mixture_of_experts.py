"""Experts that are chosen by a gate: some get no sample in a step."""

import torch
from torch import nn


class MoE(nn.Module):
    def __init__(self):
        super().__init__()
        self.gate = nn.Linear(8, 4)
        self.experts = nn.ModuleList([nn.Linear(8, 8) for _ in range(4)])
        self.out = nn.Linear(8, 2)

    def forward(self, x):
        weights, chosen = self.gate(x).softmax(-1).max(-1)
        y = torch.zeros_like(x)
        for k, expert in enumerate(self.experts):
            rows = chosen == k
            if rows.any():
                y[rows] = weights[rows].unsqueeze(-1) * expert(x[rows])
        return self.out(y)


torch.manual_seed(0)
x = torch.randn(128, 8)
y = (x.sum(1) > 0).long()
model = MoE()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(20):
    chosen = torch.randperm(128)[:12]
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x[chosen]), y[chosen]).backward()
    optimizer.step()
