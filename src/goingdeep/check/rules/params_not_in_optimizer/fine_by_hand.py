"""No optimizer: the loop changes the weights itself, as the word language model example does."""

import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(64, 8)
y = x[:, :3].argmax(1)
model = nn.Linear(8, 3)
lr = 0.5

for step in range(10):
    chosen = torch.randperm(64)[:16]
    model.zero_grad()
    loss = nn.functional.cross_entropy(model(x[chosen]), y[chosen])
    loss.backward()
    for p in model.parameters():
        p.data.add_(p.grad, alpha=-lr)
