"""Noise is predicted at random times; an average of the weights is kept for sampling."""

import copy

import torch
from torch import nn
from torch.utils.data import DataLoader

torch.manual_seed(0)
loader = DataLoader(torch.randn(128, 6), batch_size=16, shuffle=True, drop_last=True)
model = nn.Sequential(nn.Linear(7, 32), nn.SiLU(), nn.Linear(32, 6))
slow = copy.deepcopy(model).eval().requires_grad_(False)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
keep = torch.cumprod(1 - torch.linspace(1e-4, 0.2, 10), 0)
for epoch in range(3):
    for x in loader:
        t = torch.randint(0, 10, (len(x), 1))
        noise = torch.randn_like(x)
        noisy = keep[t].sqrt() * x + (1 - keep[t]).sqrt() * noise
        loss = nn.functional.mse_loss(model(torch.cat([noisy, t / 10], 1)), noise)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        with torch.no_grad():
            for s, p in zip(slow.parameters(), model.parameters(), strict=True):
                s.mul_(0.99).add_(p, alpha=0.01)
    with torch.no_grad():
        x = torch.randn(4, 6)
        for t in reversed(range(10)):
            x = x - 0.1 * slow(torch.cat([x, torch.full((4, 1), t / 10)], 1))
