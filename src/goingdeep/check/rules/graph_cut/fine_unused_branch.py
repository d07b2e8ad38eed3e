"""Two heads, of which one runs and is not used in this training."""

import torch
from torch import nn


class TwoHeads(nn.Module):
    def __init__(self):
        super().__init__()
        self.spare = nn.Linear(8, 8)
        self.body = nn.Linear(8, 16)
        self.pooler = nn.Linear(16, 16)
        self.out = nn.Linear(16, 3)

    def forward(self, x):
        spare = self.spare(x)
        hidden = torch.relu(self.body(x))
        return self.out(hidden), self.pooler(hidden), spare


torch.manual_seed(0)
x = torch.randn(96, 8)
y = x[:, :3].argmax(1)
model = TwoHeads()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

for step in range(10):
    chosen = torch.randperm(96)[:24]
    scores, _, _ = model(x[chosen])
    optimizer.zero_grad()
    nn.functional.cross_entropy(scores, y[chosen]).backward()
    optimizer.step()
