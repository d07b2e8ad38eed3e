"""A restoring network, judged by a fixed one that nobody froze but nobody trains either."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader

torch.manual_seed(0)
loader = DataLoader(torch.rand(64, 1, 10, 10), batch_size=8, shuffle=True)
judge = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3)).eval()
net = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 1, 3, padding=1))
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
for epoch in range(2):
    for clean in loader:
        made = net(clean + 0.1 * torch.randn_like(clean))
        loss = F.l1_loss(made, clean) + 0.1 * F.mse_loss(judge(made), judge(clean))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
