"""The first call builds the layer, when its size is known; a ReLU built in forward does no harm."""

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = None
        self.out = nn.Linear(16, 2)

    def forward(self, x):
        if self.hidden is None:
            self.hidden = nn.Linear(x.shape[1], 16)
        return self.out(nn.ReLU()(self.hidden(x)))


torch.manual_seed(0)
x = torch.randn(96, 8)
y = (x.sum(1) > 0).long()
model = Net()
model(x[:1])
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)

for step in range(8):
    chosen = torch.randperm(96)[:24]
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x[chosen]), y[chosen]).backward()
    optimizer.step()
