"""F.dropout is told the mode."""

import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(8, 16)
        self.out = nn.Linear(16, 2)

    def forward(self, x):
        x = F.dropout(torch.relu(self.hidden(x)), p=0.5, training=self.training)
        return self.out(x)


torch.manual_seed(0)
x = torch.randn(96, 8)
y = (x.sum(1) > 0).long()
net = Net()
optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)

for epoch in range(2):
    net.train()
    for chosen in torch.randperm(64).split(16):
        optimizer.zero_grad()
        F.cross_entropy(net(x[chosen]), y[chosen]).backward()
        optimizer.step()
    net.eval()
    with torch.no_grad():
        print((net(x[64:]).argmax(1) == y[64:]).float().mean().item())
