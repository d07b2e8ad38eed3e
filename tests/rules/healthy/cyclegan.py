"""Two generators in one optimizer, two discriminators frozen while the generators train."""

import itertools

import torch
from torch import nn

torch.manual_seed(0)


def net(out):
    return nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, out))


g_ab, g_ba, d_a, d_b = net(4), net(4), net(1), net(1)
opt_g = torch.optim.Adam(itertools.chain(g_ab.parameters(), g_ba.parameters()), lr=1e-3)
opt_d = torch.optim.Adam(itertools.chain(d_a.parameters(), d_b.parameters()), lr=1e-3)
mse, l1 = nn.MSELoss(), nn.L1Loss()


def frozen(frozen):
    for p in itertools.chain(d_a.parameters(), d_b.parameters()):
        p.requires_grad_(not frozen)


def d_loss(d, real, fake):
    on_real, on_fake = d(real), d(fake.detach())
    return 0.5 * (mse(on_real, torch.ones_like(on_real)) + mse(on_fake, torch.zeros_like(on_fake)))


for step in range(12):
    a, b = torch.randn(8, 4), torch.randn(8, 4) + 1
    fake_b, fake_a = g_ab(a), g_ba(b)
    frozen(True)
    opt_g.zero_grad()
    judged_b, judged_a = d_b(fake_b), d_a(fake_a)
    loss = mse(judged_b, torch.ones_like(judged_b)) + mse(judged_a, torch.ones_like(judged_a))
    loss = loss + 10 * (l1(g_ba(fake_b), a) + l1(g_ab(fake_a), b))
    loss.backward()
    opt_g.step()
    frozen(False)
    opt_d.zero_grad()
    d_loss(d_a, a, fake_a).backward()
    d_loss(d_b, b, fake_b).backward()
    opt_d.step()
