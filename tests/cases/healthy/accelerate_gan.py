"""Accelerate: five steps of the critic for one of the generator, each network with its optimizer.

traps: two-optimizers
"""

import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

set_seed(21)
accelerator = Accelerator(cpu=True)
G = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 6))
C = nn.Sequential(nn.Linear(6, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1))
g_opt = torch.optim.RMSprop(G.parameters(), lr=1e-3)
c_opt = torch.optim.RMSprop(C.parameters(), lr=1e-3)
loader = DataLoader(TensorDataset(torch.randn(160, 6) + 1), batch_size=8, shuffle=True)
G, C, g_opt, c_opt, loader = accelerator.prepare(G, C, g_opt, c_opt, loader)
for epoch in range(2):
    for i, (real,) in enumerate(loader):
        fake = G(torch.randn(len(real), 4))
        c_opt.zero_grad()
        accelerator.backward(C(fake.detach()).mean() - C(real).mean())
        c_opt.step()
        for p in C.parameters():
            p.data.clamp_(-0.1, 0.1)
        if i % 5 == 4:
            g_opt.zero_grad()
            accelerator.backward(-C(G(torch.randn(len(real), 4))).mean())
            g_opt.step()
