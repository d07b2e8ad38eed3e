"""Two networks: the generator's loss leaves gradients in the discriminator, cleared before use."""

import torch
from torch import nn

torch.manual_seed(0)
generator = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 2))
discriminator = nn.Sequential(nn.Linear(2, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1), nn.Sigmoid())
optimizer_d = torch.optim.Adam(discriminator.parameters(), lr=2e-4, betas=(0.5, 0.999))
optimizer_g = torch.optim.Adam(generator.parameters(), lr=2e-4, betas=(0.5, 0.999))
criterion = nn.BCELoss()
loader = torch.utils.data.DataLoader(torch.randn(96, 2), batch_size=16, shuffle=True)

for epoch in range(3):
    for real in loader:
        ones, zeros = torch.ones(len(real), 1), torch.zeros(len(real), 1)
        discriminator.zero_grad()
        criterion(discriminator(real), ones).backward()
        fake = generator(torch.randn(len(real), 4))
        criterion(discriminator(fake.detach()), zeros).backward()
        optimizer_d.step()

        generator.zero_grad()
        criterion(discriminator(fake), ones).backward()
        optimizer_g.step()
