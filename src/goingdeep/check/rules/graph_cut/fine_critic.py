"""A critic on fakes that are detached: its last bias has no gradient while both hinges pull alike."""

import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

torch.manual_seed(0)
generator = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 2))
critic = nn.Sequential(
    spectral_norm(nn.Linear(2, 32)), nn.LeakyReLU(0.2), spectral_norm(nn.Linear(32, 1))
)
of_generator = torch.optim.Adam(generator.parameters(), lr=1e-4)
of_critic = torch.optim.Adam(critic.parameters(), lr=1e-4)

for step in range(16):
    real, fake = torch.randn(32, 2), generator(torch.randn(32, 4))
    loss = nn.functional.relu(1 - critic(real)).mean()
    loss = loss + nn.functional.relu(1 + critic(fake.detach())).mean()
    of_critic.zero_grad()
    loss.backward()
    of_critic.step()
    of_generator.zero_grad()
    (-critic(fake).mean()).backward()
    of_generator.step()
