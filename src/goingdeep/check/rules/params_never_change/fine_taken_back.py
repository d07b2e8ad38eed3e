"""Gradients that are taken back: by the other half of a critic's loss, and by the loop itself."""

import torch
from torch import nn

torch.manual_seed(0)
generator = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 2))
critic = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 1))
of_generator = torch.optim.RMSprop(generator.parameters(), lr=5e-5)
of_critic = torch.optim.RMSprop(critic.parameters(), lr=5e-5)

for step in range(12):
    for _ in range(3):
        with torch.no_grad():
            for parameter in critic.parameters():
                parameter.clamp_(-0.01, 0.01)
            fake = generator(torch.randn(32, 4))
        of_critic.zero_grad()
        (-critic(torch.randn(32, 2) + 1).mean()).backward()
        critic(fake).mean().backward()
        of_critic.step()
    of_generator.zero_grad()
    (-critic(generator(torch.randn(32, 4))).mean()).backward()
    generator[0].bias.grad = None  # not yet
    of_generator.step()
