"""Five critic steps for one generator step, fakes not detached, gradient penalty by autograd.grad."""

import torch
from torch import nn

torch.manual_seed(0)
generator = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 2))
critic = nn.Sequential(nn.Linear(2, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1))
optimizer_g = torch.optim.Adam(generator.parameters(), lr=1e-4, betas=(0.0, 0.9))
optimizer_c = torch.optim.Adam(critic.parameters(), lr=1e-4, betas=(0.0, 0.9))
loader = torch.utils.data.DataLoader(torch.randn(160, 2), batch_size=16, shuffle=True)

step = 0
for epoch in range(4):
    for real in loader:
        step += 1
        optimizer_c.zero_grad()
        fake = generator(torch.randn(len(real), 4))
        mix = torch.rand(len(real), 1)
        between = (mix * real + (1 - mix) * fake).detach().requires_grad_(True)
        (gradient,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
        penalty = ((gradient.norm(2, dim=1) - 1) ** 2).mean()
        loss = critic(fake).mean() - critic(real).mean() + 10 * penalty
        loss.backward()
        optimizer_c.step()
        if step % 5 == 0:
            optimizer_g.zero_grad()
            (-critic(generator(torch.randn(16, 4))).mean()).backward()
            optimizer_g.step()
