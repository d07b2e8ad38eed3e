"""A recurrent network whose gradients are large now and then, and are clipped."""

import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(64, 30, 4)
wanted = x.cumsum(1)[:, -1, :1]
recurrent, head = nn.RNN(4, 32, batch_first=True), nn.Linear(32, 1)
parameters = [*recurrent.parameters(), *head.parameters()]
optimizer = torch.optim.SGD(parameters, lr=0.05)

for step in range(40):
    chosen = torch.randperm(64)[:16]
    factor = 50.0 if step % 16 == 15 else 1.0  # a rare sample, far from all others
    optimizer.zero_grad()
    hidden, _ = recurrent(factor * x[chosen])
    nn.functional.mse_loss(head(hidden[:, -1]), factor * wanted[chosen]).backward()
    nn.utils.clip_grad_norm_(parameters, 1.0)
    optimizer.step()
