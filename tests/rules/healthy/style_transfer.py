"""An image is optimised against features of a frozen network (after the tutorial)."""

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(0)
features = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3)).eval()
for p in features.parameters():
    p.requires_grad_(False)
content, style = torch.rand(1, 3, 16, 16), torch.rand(1, 3, 16, 16)


def gram(x):
    flat = x.view(8, -1)
    return flat @ flat.t() / flat.numel()


goal, look = features(content).detach(), gram(features(style)).detach()
image = content.clone().requires_grad_(True)
optimizer = torch.optim.LBFGS([image], max_iter=5)


def closure():
    with torch.no_grad():
        image.clamp_(0, 1)
    optimizer.zero_grad()
    made = features(image)
    loss = F.mse_loss(made, goal) + 1e3 * F.mse_loss(gram(made), look)
    loss.backward()
    return loss


for step in range(4):
    optimizer.step(closure)
