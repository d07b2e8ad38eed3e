"""Ignite: layers that train one by one, each by its own optimizer, and chances with their own log.

traps: layer-optimizers, log-inside
"""

import torch
from ignite.engine import Engine
from ignite.utils import manual_seed
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

manual_seed(46)
layers = [nn.Sequential(nn.Linear(a, 24), nn.ReLU()) for a in (8, 24)]
readouts = [nn.Sequential(nn.Linear(24, 3), nn.Softmax(dim=1)) for _ in layers]
optimizers = [
    torch.optim.Adam([*a.parameters(), *b.parameters()], lr=1e-2)
    for a, b in zip(layers, readouts, strict=True)
]
criterion = nn.NLLLoss()


def step(engine, batch):
    values, target = batch
    for layer, readout, optimizer in zip(layers, readouts, optimizers, strict=True):
        values = layer(values.detach())
        loss = criterion(readout(values).log(), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


x = torch.randn(160, 8)
loader = DataLoader(TensorDataset(x, x[:, :3].argmax(1)), batch_size=16, shuffle=True)
Engine(step).run(loader, max_epochs=3)
