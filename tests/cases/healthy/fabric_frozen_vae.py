"""Fabric: the decoder of a VAE is tuned on a frozen encoder; the cross-entropy is summed.

traps: frozen, bce-summed
"""

import torch
import torch.nn.functional as F
from lightning.fabric import Fabric, seed_everything
from torch import nn
from torch.utils.data import DataLoader


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.encode = nn.Sequential(
            nn.Linear(36, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 8)
        )
        self.decode = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 36))

    def forward(self, x):
        mean, log_var = self.encode(x).chunk(2, dim=1)
        code = mean + torch.randn_like(mean) * (0.5 * log_var).exp()
        return torch.sigmoid(self.decode(code)), mean, log_var


seed_everything(15, verbose=False)
fabric = Fabric(accelerator="cpu", devices=1)
model = VAE()
model.encode.requires_grad_(False).eval()
trained = [p for p in model.parameters() if p.requires_grad]
model, optimizer = fabric.setup(model, torch.optim.Adam(trained, lr=2e-3))
images = (torch.rand(128, 36) < torch.rand(36)).float()
loader = fabric.setup_dataloaders(DataLoader(images, batch_size=16, shuffle=True))
for epoch in range(3):
    for batch in loader:
        made, mean, log_var = model(batch)
        far = -0.5 * (1 + log_var - mean.pow(2) - log_var.exp()).sum()
        loss = F.binary_cross_entropy(made, batch, reduction="sum") + far
        optimizer.zero_grad()
        fabric.backward(loss)
        optimizer.step()
