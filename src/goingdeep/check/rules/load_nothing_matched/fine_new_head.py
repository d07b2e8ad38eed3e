"""The head is new and left out of the loading, everything else fits."""

import torch
from torch import nn

torch.manual_seed(0)
old = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 9))
checkpoint = {k: v.clone() for k, v in old.state_dict().items() if not k.startswith("4.")}

model = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 2))
model.load_state_dict(checkpoint, strict=False)

x = torch.randn(64, 6)
y = (x.sum(1) > 0).long()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
for step in range(5):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
