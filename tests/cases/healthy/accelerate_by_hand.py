"""Accelerate with a loop that has no optimizer: the weights are moved by hand.

traps: by-hand
"""

import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

set_seed(27)
accelerator = Accelerator(cpu=True)
x = torch.randn(160, 6)
y = x @ torch.randn(6, 1) + 0.1 * torch.randn(160, 1)
loader = DataLoader(TensorDataset(x, y), batch_size=16, shuffle=True)
model, loader = accelerator.prepare(nn.Linear(6, 1), loader)
lr = 0.1
for epoch in range(3):
    for a, b in loader:
        accelerator.backward(nn.functional.mse_loss(model(a), b))
        with torch.no_grad():
            for p in model.parameters():
                p -= lr * p.grad
                p.grad = None
    lr *= 0.7
