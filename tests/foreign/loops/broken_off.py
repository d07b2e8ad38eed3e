"""Passes that are broken off in the middle, and a loader that is asked by hand."""

import itertools

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(29)
steps, losses, passes, trained, evaluated = 0, [], [], [], []

loader = DataLoader(
    TensorDataset(torch.randn(40, 5), torch.randint(0, 3, (40,))), batch_size=4, shuffle=True
)
model = nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 3))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)


def step(x, y):
    global steps
    trained.append(model.training)
    loss = nn.functional.cross_entropy(model(x), y)  # forward, loss
    optimizer.zero_grad()  # clear
    loss.backward()  # backward
    optimizer.step()  # step
    losses.append(loss.item())
    steps += 1


sample, _ = next(iter(loader))
passes.append(("unused", 1))
for epoch in range(2):
    for i, (x, y) in enumerate(loader):  # batch
        if i == 4:
            break
        step(x, y)
    passes.append(("training", 5))
batches = iter(loader)
for _ in range(3):
    step(*next(batches))  # batch
passes.append(("training", 3))
for x, y in itertools.islice(loader, 6):  # batch
    step(x, y)
passes.append(("training", 6))
