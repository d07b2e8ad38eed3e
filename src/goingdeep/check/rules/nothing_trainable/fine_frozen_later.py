"""A teacher is trained, and then frozen while a student learns from it."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
x = torch.randn(160, 8)
loader = DataLoader(TensorDataset(x, x[:, :3].argmax(1)), batch_size=16, shuffle=True)
teacher = nn.Sequential(nn.Linear(8, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 3))
student = nn.Linear(8, 3)


def fit(model, loss_of):
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for epoch in range(2):
        for inputs, labels in loader:
            optimizer.zero_grad()
            loss_of(model(inputs), inputs, labels).backward()
            optimizer.step()


def distilled(scores, inputs, _):
    with torch.no_grad():
        target = (teacher(inputs) / 2).softmax(1)
    return nn.functional.kl_div((scores / 2).log_softmax(1), target, reduction="batchmean")


fit(teacher, lambda scores, _, labels: nn.functional.cross_entropy(scores, labels))
teacher.eval().requires_grad_(False)
fit(student, distilled)
