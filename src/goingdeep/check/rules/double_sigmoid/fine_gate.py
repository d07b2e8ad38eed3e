"""A gate inside the model uses a sigmoid; what the loss gets are raw scores."""

import torch
from torch import nn


class Gated(nn.Module):
    def __init__(self):
        super().__init__()
        self.gate = nn.Linear(8, 8)
        self.out = nn.Linear(8, 1)

    def forward(self, x):
        return self.out(x * torch.sigmoid(self.gate(x)))


torch.manual_seed(0)
x = torch.randn(96, 8)
y = (x[:, :1] > 0).float()
model = Gated()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

for step in range(8):
    chosen = torch.randperm(96)[:24]
    optimizer.zero_grad()
    nn.functional.binary_cross_entropy_with_logits(model(x[chosen]), y[chosen]).backward()
    optimizer.step()
