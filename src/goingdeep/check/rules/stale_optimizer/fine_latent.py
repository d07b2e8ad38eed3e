"""An input is optimised, beside the model: it belongs to no module, and gets gradients."""

import torch
from torch import nn

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(6, 12), nn.Tanh(), nn.Linear(12, 4))
latent = torch.randn(5, 6, requires_grad=True)
wanted = torch.randn(5, 4)
optimizer = torch.optim.Adam([{"params": model.parameters()}, {"params": [latent], "lr": 0.1}])

for step in range(10):
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(model(latent), wanted)
    loss.backward()
    optimizer.step()
