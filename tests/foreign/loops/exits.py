"""A loop that ends the program by sys.exit, deep inside."""

import sys

import torch
from torch import nn

torch.manual_seed(22)
steps, losses, passes, trained, evaluated = 0, [], [], [], []

model = nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)


def patience(loss):
    if steps == 9:
        print("good enough", loss > 0)
        sys.exit(3)


while True:
    trained.append(model.training)
    loss = nn.functional.smooth_l1_loss(model(torch.randn(5, 4)), torch.ones(5, 1))  # forward, loss
    loss.backward()  # backward
    optimizer.step()  # step
    optimizer.zero_grad()  # clear
    steps += 1
    losses.append(loss.item())
    patience(losses[-1])
