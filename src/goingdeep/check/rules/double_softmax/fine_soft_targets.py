"""Distillation: the teacher's probabilities are the target, and the student gives raw scores."""

import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(128, 12)
teacher = nn.Sequential(nn.Linear(12, 32), nn.ReLU(), nn.Linear(32, 4)).requires_grad_(False)
student = nn.Linear(12, 4)
optimizer = torch.optim.SGD(student.parameters(), lr=0.1)

for step in range(10):
    batch = x[torch.randperm(128)[:32]]
    with torch.no_grad():
        wanted = teacher(batch).softmax(dim=1)
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(student(batch), wanted)
    loss.backward()
    optimizer.step()
