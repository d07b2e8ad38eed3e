"""Accelerate: sigmoid with a summed binary cross-entropy, in a model that is only once put in eval().

traps: bce-summed, eval-once
"""

import torch
import torch.nn.functional as F
from accelerate import Accelerator
from accelerate.utils import set_seed
from torch import nn
from torch.utils.data import DataLoader


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.encode, self.decode = nn.Linear(36, 8), nn.Linear(4, 36)

    def forward(self, x):
        mean, log_var = self.encode(x).chunk(2, dim=1)
        code = mean + torch.randn_like(mean) * (0.5 * log_var).exp()
        return torch.sigmoid(self.decode(code)), mean, log_var


set_seed(25)
accelerator = Accelerator(cpu=True)
model = VAE()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
images = (torch.rand(160, 36) < torch.rand(36)).float()
train = DataLoader(images[:128], batch_size=16, shuffle=True)
test = DataLoader(images[128:], batch_size=16)
model, optimizer, train, test = accelerator.prepare(model, optimizer, train, test)


def lost(batch):
    made, mean, log_var = model(batch)
    far = -0.5 * torch.sum(1 + log_var - mean.pow(2) - log_var.exp())
    return F.binary_cross_entropy(made, batch, reduction="sum") + far


for epoch in range(4):
    for batch in train:
        loss = lost(batch)
        accelerator.backward(loss)
        optimizer.step()
        optimizer.zero_grad()
model.eval()
with torch.no_grad():
    print(sum(lost(batch).item() for batch in test) / 32)
