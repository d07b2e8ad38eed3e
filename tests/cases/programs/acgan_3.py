"""The auxiliary classifier of a GAN: Softmax into NLLLoss, beside a Sigmoid into BCELoss.

rule:   nll-without-log
line:   classes = self.softmax(self.fc_aux(features))
style:  two networks, two optimizers, two losses
source: clvrai/ACGAN-PyTorch#3
"""

import torch
import torch.nn as nn
import torch.optim as optim
from torch.utils.data import DataLoader, TensorDataset


class Discriminator(nn.Module):
    def __init__(self, num_classes=3):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(10, 24), nn.LeakyReLU(0.2))
        self.fc_dis = nn.Linear(24, 1)
        self.fc_aux = nn.Linear(24, num_classes)
        self.softmax = nn.Softmax(dim=1)
        self.sigmoid = nn.Sigmoid()

    def forward(self, input):
        features = self.body(input)
        classes = self.softmax(self.fc_aux(features))  # wrong
        # fixed: classes = torch.log_softmax(self.fc_aux(features), dim=1)
        return self.sigmoid(self.fc_dis(features)).view(-1), classes


torch.manual_seed(20)
netG = nn.Sequential(nn.Linear(8, 24), nn.ReLU(), nn.Linear(24, 10))
netD = Discriminator()
dis_criterion, aux_criterion = nn.BCELoss(), nn.NLLLoss()
optimizerD = optim.Adam(netD.parameters(), lr=2e-4, betas=(0.5, 0.999))
optimizerG = optim.Adam(netG.parameters(), lr=2e-4, betas=(0.5, 0.999))
real = torch.randn(160, 10)
labels = real[:, :3].argmax(1)

for epoch in range(2):
    for data, label in DataLoader(TensorDataset(real, labels), batch_size=16, shuffle=True):
        netD.zero_grad()
        dis, aux = netD(data)
        errD_real = dis_criterion(dis, torch.ones(16)) + aux_criterion(aux, label)
        errD_real.backward()
        noise_label = torch.randint(0, 3, (16,))
        fake = netG(torch.cat([torch.randn(16, 5), torch.eye(3)[noise_label]], dim=1))
        dis, aux = netD(fake.detach())
        errD_fake = dis_criterion(dis, torch.zeros(16)) + aux_criterion(aux, noise_label)
        errD_fake.backward()
        optimizerD.step()

        netG.zero_grad()
        dis, aux = netD(fake)
        errG = dis_criterion(dis, torch.ones(16)) + aux_criterion(aux, noise_label)
        errG.backward()
        optimizerG.step()
