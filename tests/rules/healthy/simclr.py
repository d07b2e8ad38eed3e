"""Contrastive learning: a similarity matrix of the batch with itself, cross-entropy over its rows."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader

torch.manual_seed(0)
loader = DataLoader(torch.randn(128, 10), batch_size=16, shuffle=True, drop_last=True)
encoder = nn.Sequential(nn.Linear(10, 32), nn.BatchNorm1d(32), nn.ReLU())
head = nn.Sequential(nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 8))
optimizer = torch.optim.Adam(
    [*encoder.parameters(), *head.parameters()], lr=3e-4, weight_decay=1e-4
)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=len(loader) * 4)
criterion = nn.CrossEntropyLoss()

for epoch in range(4):
    for x in loader:
        views = torch.cat([x + 0.1 * torch.randn_like(x), x + 0.1 * torch.randn_like(x)])
        z = F.normalize(head(encoder(views)), dim=1)
        similarity = z @ z.T
        mask = torch.eye(len(z), dtype=torch.bool)
        labels = torch.cat([torch.arange(len(x))] * 2)
        same = (labels.unsqueeze(0) == labels.unsqueeze(1)) & ~mask
        logits = torch.cat(
            [similarity[same].view(len(z), 1), similarity[~same & ~mask].view(len(z), -1)], 1
        )
        loss = criterion(logits / 0.07, torch.zeros(len(z), dtype=torch.long))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
