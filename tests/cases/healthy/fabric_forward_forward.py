"""Fabric: every layer with an optimizer of its own; the last one gives chances, its loss takes the log.

traps: layer-optimizers, log-inside
"""

import torch
from lightning.fabric import Fabric, seed_everything
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

seed_everything(16, verbose=False)
fabric = Fabric(accelerator="cpu", devices=1)
x = torch.randn(160, 8)
loader = DataLoader(TensorDataset(x, x[:, :3].argmax(1)), batch_size=16, shuffle=True)
loader = fabric.setup_dataloaders(loader)
layers = []
for sizes in ((8, 24), (24, 24)):
    layer = nn.Sequential(nn.Linear(*sizes), nn.ReLU())
    readout = nn.Sequential(nn.Linear(sizes[1], 3), nn.Softmax(dim=1))
    both = nn.ModuleList([layer, readout])
    optimizer = torch.optim.Adam(both.parameters(), lr=1e-2)
    layers.append((fabric.setup(layer), fabric.setup(readout), fabric.setup_optimizers(optimizer)))
nll = nn.NLLLoss()
for epoch in range(3):
    for batch, target in loader:
        values = batch
        for layer, readout, optimizer in layers:
            values = layer(values.detach())
            loss = nll(readout(values).log(), target)
            optimizer.zero_grad()
            fabric.backward(loss)
            optimizer.step()
