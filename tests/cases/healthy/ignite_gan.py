"""Ignite: an engine whose step trains two networks in turns (after its DCGAN example).

traps: two-optimizers
"""

import torch
from ignite.engine import Engine
from ignite.utils import manual_seed
from torch import nn
from torch.utils.data import DataLoader

manual_seed(41)
G = nn.Sequential(nn.Linear(4, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 6))
D = nn.Sequential(nn.Linear(6, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1), nn.Sigmoid())
g_opt = torch.optim.Adam(G.parameters(), lr=2e-3, betas=(0.5, 0.999))
d_opt = torch.optim.Adam(D.parameters(), lr=2e-3, betas=(0.5, 0.999))
bce = nn.BCELoss()


def step(engine, real):
    ones, zeros = torch.ones(len(real)), torch.zeros(len(real))
    D.zero_grad()
    of_real = bce(D(real).squeeze(1), ones)
    of_real.backward()
    fake = G(torch.randn(len(real), 4))
    of_fake = bce(D(fake.detach()).squeeze(1), zeros)
    of_fake.backward()
    d_opt.step()
    G.zero_grad()
    loss = bce(D(fake).squeeze(1), ones)
    loss.backward()
    g_opt.step()
    return {"G": loss.item(), "D": (of_real + of_fake).item()}


loader = DataLoader(torch.randn(128, 6) + 1, batch_size=16, shuffle=True, drop_last=True)
Engine(step).run(loader, max_epochs=3)
