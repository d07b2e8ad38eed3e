"""Two networks and two optimizers: DCGAN's loop, with its cross gradients."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(7)
steps, losses, passes, trained, evaluated = 0, {0: [], 1: []}, [], [], []

loader = DataLoader(TensorDataset(torch.randn(32, 6)), batch_size=8, shuffle=True)
netG = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 6))
netD = nn.Sequential(nn.Linear(6, 8), nn.LeakyReLU(0.2), nn.Linear(8, 1), nn.Sigmoid())
criterion = nn.BCELoss()
optimizerD = torch.optim.Adam(netD.parameters(), lr=2e-3, betas=(0.5, 0.999))
optimizerG = torch.optim.Adam(netG.parameters(), lr=2e-3, betas=(0.5, 0.999))

for epoch in range(2):
    for (real,) in loader:  # batch
        # the discriminator
        netD.zero_grad()  # clear
        label = torch.ones(8)
        trained.append(netD.training)
        output = netD(real).view(-1)  # forward
        errD_real = criterion(output, label)  # loss
        errD_real.backward()  # backward
        noise = torch.randn(8, 4)
        trained.append(netG.training)
        fake = netG(noise)  # forward
        label.fill_(0.0)
        trained.append(netD.training)
        output = netD(fake.detach()).view(-1)  # forward
        errD_fake = criterion(output, label)  # loss
        errD_fake.backward()  # backward
        optimizerD.step()  # step
        losses[0].append((errD_real.item() + errD_fake.item()) / 2)
        # the generator
        netG.zero_grad()  # clear
        label.fill_(1.0)
        trained.append(netD.training)
        output = netD(fake).view(-1)  # forward
        errG = criterion(output, label)  # loss
        errG.backward()  # backward
        optimizerG.step()  # step
        losses[1].append(errG.item())
        steps += 2
    passes.append(("training", 4))
