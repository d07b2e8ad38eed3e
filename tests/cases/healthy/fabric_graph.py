"""Fabric: LBFGS with a closure on one full batch, masks over one input tensor.

traps: lbfgs, masks, nll
"""

import torch
import torch.nn.functional as F
from lightning.fabric import Fabric, seed_everything
from torch import nn

seed_everything(13, verbose=False)
fabric = Fabric(accelerator="cpu", devices=1)
x = torch.randn(60, 8)
y = x[:, :3].argmax(1)
place = torch.rand(60)
training, testing = place < 0.5, place >= 0.5
model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 3), nn.LogSoftmax(dim=1))
model, optimizer = fabric.setup(model, torch.optim.LBFGS(model.parameters(), lr=0.1, max_iter=4))


def closure():
    optimizer.zero_grad()
    loss = F.nll_loss(model(x)[training], y[training])
    fabric.backward(loss)
    return loss


for step in range(12):
    optimizer.step(closure)
    with torch.no_grad():
        accuracy = (model(x)[testing].argmax(1) == y[testing]).float().mean()
