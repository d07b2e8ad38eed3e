"""A picture is optimised, not a model: the loss was made from it."""

import torch
from torch import nn

torch.manual_seed(0)
judge = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3)).requires_grad_(False)
wanted = judge(torch.rand(1, 1, 10, 10))
picture = torch.rand(1, 1, 10, 10, requires_grad=True)
optimizer = torch.optim.Adam([picture], lr=0.05)

for step in range(10):
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(judge(picture), wanted)
    loss.backward()
    optimizer.step()
