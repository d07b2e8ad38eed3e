"""Changes that go both ways, from a model that cannot go below zero."""

import torch
from torch import nn
from torch.nn.functional import mse_loss, relu


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(6, 24)
        self.out = nn.Linear(24, 1)

    def forward(self, x):
        return relu(self.out(relu(self.hidden(x))))


torch.manual_seed(0)
x = torch.randn(128, 6)
y = x.sum(1, keepdim=True)
net = Net()
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)

for step in range(20):
    chosen = torch.randperm(128)[:32]
    optimizer.zero_grad()
    mse_loss(net(x[chosen]), y[chosen]).backward()
    optimizer.step()
