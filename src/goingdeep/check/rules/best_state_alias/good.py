"""The best state is copied, and loaded back at the end."""

import copy

import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(96, 6)
y = (x.sum(1) > 0).long()
model = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
best_loss, best_state = float("inf"), None

for epoch in range(8):
    for chosen in torch.randperm(64).split(16):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x[chosen]), y[chosen]).backward()
        optimizer.step()
    with torch.no_grad():
        loss = nn.functional.cross_entropy(model(x[64:]), y[64:]).item()
    if loss < best_loss:
        best_loss, best_state = loss, copy.deepcopy(model.state_dict())
    optimizer.param_groups[0]["lr"] = 0.5 if epoch < 4 else 5.0

model.load_state_dict(best_state)
