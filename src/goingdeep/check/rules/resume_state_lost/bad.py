"""The checkpoint has everything, and only the weights are taken out of it."""

import io

import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(160, 8)
y = x[:, :3].argmax(1)


def train(model, optimizer, steps):
    for step in range(steps):
        chosen = torch.randperm(160)[:32]
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x[chosen]), y[chosen]).backward()
        optimizer.step()


model = nn.Linear(8, 3)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
train(model, optimizer, 20)
file = io.BytesIO()
torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": 20}, file)

file.seek(0)
checkpoint = torch.load(file)
resumed = nn.Linear(8, 3)
resumed.load_state_dict(checkpoint["model"])
new_optimizer = torch.optim.Adam(resumed.parameters(), lr=1e-2)
train(resumed, new_optimizer, 20)
