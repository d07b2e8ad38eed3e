"""A frozen network is kept out of the model on purpose, and gives a perceptual loss."""

import torch
from torch import nn


class Restorer(nn.Module):
    def __init__(self, judge):
        super().__init__()
        self.net = nn.Conv2d(1, 1, 3, padding=1)
        self.judge = [judge.requires_grad_(False)]

    def forward(self, x, wanted):
        judge = self.judge[0]
        made = self.net(x)
        return nn.functional.mse_loss(judge(made), judge(wanted))


torch.manual_seed(0)
clean = torch.rand(32, 1, 8, 8)
model = Restorer(nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3)).eval())
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)

for step in range(10):
    batch = clean[torch.randperm(32)[:8]]
    optimizer.zero_grad()
    model(batch + 0.1 * torch.randn_like(batch), batch).backward()
    optimizer.step()
