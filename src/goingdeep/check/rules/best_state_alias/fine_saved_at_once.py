"""The state is written to a file when it is the best, and another model takes the newest."""

import io

import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(64, 6)
y = (x.sum(1) > 0).long()
model, twin = nn.Linear(6, 2), nn.Linear(6, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
file = io.BytesIO()

for epoch in range(4):
    for chosen in torch.randperm(64).split(16):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x[chosen]), y[chosen]).backward()
        optimizer.step()
    twin.load_state_dict(model.state_dict())
    file.seek(0)
    torch.save({"model": model.state_dict(), "epoch": epoch}, file)

file.seek(0)
model.load_state_dict(torch.load(file)["model"])
