"""Accelerate: layers that train one by one, each by its own optimizer, and chances with their own log.

traps: layer-optimizers, log-inside
"""

import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Block(nn.Module):
    def __init__(self, inputs, size):
        super().__init__()
        self.layer, self.readout = nn.Linear(inputs, size), nn.Linear(size, 3)

    def forward(self, x):
        hidden = torch.relu(self.layer(x))
        return hidden, torch.softmax(self.readout(hidden), dim=-1)


set_seed(26)
accelerator = Accelerator(cpu=True)
x = torch.randn(160, 8)
loader = DataLoader(TensorDataset(x, x[:, :3].argmax(1)), batch_size=16, shuffle=True)
loader = accelerator.prepare(loader)
blocks = [Block(8, 24), Block(24, 24)]
optimizers = [torch.optim.Adam(block.parameters(), lr=1e-2) for block in blocks]
pairs = [accelerator.prepare(*pair) for pair in zip(blocks, optimizers, strict=True)]
for epoch in range(3):
    for values, target in loader:
        for block, optimizer in pairs:
            values, chances = block(values.detach())
            loss = nn.functional.nll_loss(torch.log(chances.clamp_min(1e-9)), target)
            optimizer.zero_grad()
            accelerator.backward(loss)
            optimizer.step()
