"""Gradients cleared in every way there is, one after another."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(27)
steps, losses, passes, trained, evaluated = 0, [], [], [], []

loader = DataLoader(TensorDataset(torch.randn(28, 5), torch.randint(0, 3, (28,))), batch_size=4)
model = nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 3))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)


def clear(way):
    if way == 0:
        optimizer.zero_grad(set_to_none=False)  # clear
    elif way == 1:
        model.zero_grad()  # clear
    elif way == 2:
        for p in model.parameters():
            p.grad = None
    elif way == 3:
        for p in model.parameters():
            p.grad.zero_()
    elif way == 4:
        for p in model.parameters():
            p.grad.data.zero_()
    elif way == 5:
        model.zero_grad(False)  # clear
    # and once not at all


for way, (x, y) in enumerate(loader):  # batch
    trained.append(model.training)
    loss = nn.functional.cross_entropy(model(x), y)  # forward, loss
    loss.backward()  # backward
    optimizer.step()  # step
    clear(way)
    losses.append(loss.item())
    steps += 1
passes.append(("training", 7))
# What the next backward finds after each of these.
found = ["none", "zero", "none", "none", "zero", "zero", "zero"]
trained.append(model.training)
loss = nn.functional.cross_entropy(model(x), y)  # forward, loss
loss.backward()  # backward
optimizer.step()  # step
losses.append(loss.item())
steps += 1
found.append("left-over")
