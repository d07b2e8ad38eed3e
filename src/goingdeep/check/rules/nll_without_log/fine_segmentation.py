"""Log-softmax over the channels of a picture, with nll_loss over every pixel."""

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(0)
x = torch.randn(32, 1, 6, 6)
y = (x[:, 0] > 0).long()
model = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 2, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

for step in range(8):
    chosen = torch.randperm(32)[:8]
    loss = F.nll_loss(F.log_softmax(model(x[chosen]), dim=1), y[chosen])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
