"""A loss that is written into after its backward: it has to be recorded as it was."""

import torch
from torch import nn

torch.manual_seed(10)
steps, losses, passes, trained, evaluated = 0, [], [], [], []

data, target = torch.randn(300, 8, 16).cuda(), torch.randn(300, 8, 2).cuda()
model = nn.Linear(16, 2).cuda()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
accumulate = 2

for i in range(150):
    total = 0
    for j in range(accumulate):
        trained.append(model.training)
        loss = nn.functional.mse_loss(model(data[2 * i + j]), target[2 * i + j])  # forward, loss
        total += loss.item()
        loss /= accumulate
        loss.backward()  # backward
        loss.detach_().zero_()
    optimizer.step()  # step
    optimizer.zero_grad()  # clear
    losses.append(total / accumulate)
    steps += 1
