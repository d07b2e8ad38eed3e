"""The prefix of the DataParallel model is taken off the names."""

import torch
from torch import nn

torch.manual_seed(0)
trained = nn.DataParallel(nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 2)))
checkpoint = {name: value.clone() for name, value in trained.state_dict().items()}

model = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 2))
checkpoint = {name.removeprefix("module."): value for name, value in checkpoint.items()}
model.load_state_dict(checkpoint)

x = torch.randn(64, 6)
y = (x.sum(1) > 0).long()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
for step in range(5):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
