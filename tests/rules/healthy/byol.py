"""A target branch that follows by averaging, frozen, and in training mode."""

import copy

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader


class BYOL(nn.Module):
    def __init__(self):
        super().__init__()
        self.online = nn.Sequential(
            nn.Linear(10, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 8)
        )
        self.predictor = nn.Sequential(
            nn.Linear(8, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 8)
        )
        self.target = copy.deepcopy(self.online)
        for p in self.target.parameters():
            p.requires_grad = False

    @torch.no_grad()
    def follow(self):
        for slow, fast in zip(self.target.parameters(), self.online.parameters(), strict=True):
            slow.data = 0.99 * slow.data + 0.01 * fast.data

    def forward(self, one, two):
        with torch.no_grad():
            goal = F.normalize(self.target(two), dim=-1)
        made = F.normalize(self.predictor(self.online(one)), dim=-1)
        return 2 - 2 * (made * goal.detach()).sum(-1).mean()


torch.manual_seed(0)
loader = DataLoader(torch.randn(96, 10), batch_size=16, shuffle=True)
model = BYOL()
optimizer = torch.optim.Adam([*model.online.parameters(), *model.predictor.parameters()], lr=3e-4)
for epoch in range(3):
    for x in loader:
        one, two = x + 0.1 * torch.randn_like(x), x + 0.1 * torch.randn_like(x)
        loss = model(one, two) + model(two, one)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        model.follow()
