"""Fabric: two networks, two optimizers, gradients that cross (after its DCGAN example).

traps: two-optimizers
"""

import torch
from lightning.fabric import Fabric, seed_everything
from torch import nn
from torch.utils.data import DataLoader

seed_everything(11, verbose=False)
fabric = Fabric(accelerator="cpu", devices=1)
G = nn.Sequential(nn.Linear(4, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 6), nn.Tanh())
D = nn.Sequential(nn.Linear(6, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1), nn.Sigmoid())
G, g_opt = fabric.setup(G, torch.optim.Adam(G.parameters(), lr=2e-3, betas=(0.5, 0.999)))
D, d_opt = fabric.setup(D, torch.optim.Adam(D.parameters(), lr=2e-3, betas=(0.5, 0.999)))
data = torch.rand(128, 6) * 2 - 1
loader = fabric.setup_dataloaders(DataLoader(data, batch_size=16, shuffle=True))
criterion = nn.BCELoss()
for epoch in range(3):
    for real in loader:
        D.zero_grad()
        label = torch.full((len(real),), 1.0)
        fabric.backward(criterion(D(real).view(-1), label))
        fake = G(torch.randn(len(real), 4))
        label.fill_(0.0)
        fabric.backward(criterion(D(fake.detach()).view(-1), label))
        d_opt.step()
        G.zero_grad()
        label.fill_(1.0)
        fabric.backward(criterion(D(fake).view(-1), label))
        g_opt.step()
