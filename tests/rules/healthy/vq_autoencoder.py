"""Codes with a straight-through gradient: detach on purpose, in three places."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader


class VQ(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(10, 16), nn.ReLU(), nn.Linear(16, 4))
        self.codes = nn.Embedding(8, 4)
        self.decoder = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 10))

    def forward(self, x):
        z = self.encoder(x)
        q = self.codes(torch.cdist(z, self.codes.weight).argmin(1))
        loss = F.mse_loss(q, z.detach()) + 0.25 * F.mse_loss(z, q.detach())
        return self.decoder(z + (q - z).detach()), loss


torch.manual_seed(0)
loader = DataLoader(torch.randn(96, 10), batch_size=16, shuffle=True)
model = VQ()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for epoch in range(3):
    for x in loader:
        made, loss = model(x)
        loss = loss + F.mse_loss(made, x)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
