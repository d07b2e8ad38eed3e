"""Distillation: the student's side is the logarithm."""

import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(128, 8)
teacher = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 4)).requires_grad_(False)
student = nn.Linear(8, 4)
optimizer = torch.optim.Adam(student.parameters(), lr=1e-2)
divergence = nn.KLDivLoss(reduction="batchmean")

for step in range(20):
    batch = x[torch.randperm(128)[:32]]
    wanted = teacher(batch).softmax(dim=1)
    given = student(batch).log_softmax(dim=1)
    optimizer.zero_grad()
    divergence(given, wanted).backward()
    optimizer.step()
