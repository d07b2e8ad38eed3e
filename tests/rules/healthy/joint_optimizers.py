"""One backward for the sum of two losses, and a step of each part's own optimizer."""

import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(128, 8)
encoder, decoder = nn.Linear(8, 3), nn.Linear(3, 8)
one = torch.optim.SGD(encoder.parameters(), lr=0.05, momentum=0.9)
two = torch.optim.Adam(decoder.parameters(), lr=1e-2)
for step in range(15):
    batch = x[torch.randperm(128)[:16]]
    code = encoder(batch)
    loss = nn.functional.mse_loss(decoder(code), batch) + 1e-3 * code.pow(2).mean()
    for optimizer in (one, two):
        optimizer.zero_grad()
    loss.backward()
    for optimizer in (one, two):
        optimizer.step()
