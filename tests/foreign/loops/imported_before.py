"""Functions that were imported by name before anything else: here by another module."""

import torch
from tests.foreign.early import (
    binary_cross_entropy,
    clip_grad_norm_,
    clip_grad_value_,
    cross_entropy,
    dropout,
)
from torch import nn

torch.manual_seed(32)
steps, losses, passes, trained, evaluated = 0, [], [], [], []


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(5, 3)

    def forward(self, x):
        return self.linear(dropout(x, 0.3, self.training))


model = Net()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(5):
    trained += [True, True]
    optimizer.zero_grad()  # clear
    loss = cross_entropy(model(torch.randn(6, 5)), torch.randint(0, 3, (6,)))  # forward, loss
    loss.backward()  # backward
    clip_grad_norm_(model.parameters(), 0.5)  # clip
    chances = model(torch.randn(6, 5)).sigmoid()  # forward
    second = binary_cross_entropy(chances, torch.rand(6, 3))  # loss
    second.backward()  # backward
    clip_grad_value_(model.parameters(), 0.1)  # clip
    optimizer.step()  # step
    losses.append((loss.item() + second.item()) / 2)
    steps += 1
