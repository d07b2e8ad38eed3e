"""LBFGS calls its closure several times in one step, and the closure clears."""

import torch
from torch import nn

torch.manual_seed(0)
x = torch.linspace(-2, 2, 50).unsqueeze(1)
y = x.sin()
model = nn.Sequential(nn.Linear(1, 10), nn.Tanh(), nn.Linear(10, 1))
optimizer = torch.optim.LBFGS(model.parameters(), lr=0.5, max_iter=5)


def closure():
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(model(x), y)
    loss.backward()
    return loss


for step in range(6):
    optimizer.step(closure)
