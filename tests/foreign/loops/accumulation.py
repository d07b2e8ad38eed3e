"""Gradient accumulation over 4 batches, scaled; the last 3 batches of an epoch are a group of their own."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(2)
steps, losses, passes, trained, evaluated = 0, [], [], [], []

loader = DataLoader(
    TensorDataset(torch.randn(44, 5), torch.randn(44, 1)), batch_size=4, shuffle=True
)
model = nn.Sequential(nn.Linear(5, 7), nn.Tanh(), nn.Linear(7, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
criterion = nn.MSELoss()
accumulate = 4

optimizer.zero_grad()  # clear
group = []
for epoch in range(3):
    for i, (x, y) in enumerate(loader):  # batch
        trained.append(model.training)
        loss = criterion(model(x), y)  # forward, loss
        group.append(loss.item())
        (loss / accumulate).backward()  # backward
        if (i + 1) % accumulate == 0 or i + 1 == len(loader):
            optimizer.step()  # step
            optimizer.zero_grad()  # clear
            steps += 1
            losses.append(sum(group) / len(group))
            group = []
    passes.append(("training", 11))
