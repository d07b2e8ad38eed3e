"""A softmax inside the model (attention) is not the one before the loss."""

import torch
from torch import nn


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.score = nn.Linear(6, 1)
        self.out = nn.Linear(6, 3)

    def forward(self, x):
        weights = torch.softmax(self.score(x), dim=1)
        return self.out((weights * x).sum(1))


torch.manual_seed(0)
x = torch.randn(96, 5, 6)
y = torch.arange(96) % 3
model = Attention()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)

for step in range(8):
    chosen = torch.randperm(96)[:24]
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x[chosen]), y[chosen]).backward()
    optimizer.step()
