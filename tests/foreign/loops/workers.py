"""A DataLoader with two worker processes."""

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(18)
steps, losses, passes, trained, evaluated = 0, [], [], [], []


class Squares(Dataset):
    def __len__(self):
        return 24

    def __getitem__(self, index):
        x = torch.tensor([index / 24.0, 1.0]) + 0.01 * torch.randn(2)
        return x, x.square().sum().reshape(1)


loader = DataLoader(Squares(), batch_size=4, shuffle=True, num_workers=2, persistent_workers=True)
model = nn.Sequential(nn.Linear(2, 6), nn.Tanh(), nn.Linear(6, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

for epoch in range(2):
    for x, y in loader:  # batch
        trained.append(model.training)
        loss = nn.functional.l1_loss(model(x), y)  # forward, loss
        optimizer.zero_grad()  # clear
        loss.backward()  # backward
        optimizer.step()  # step
        losses.append(loss.item())
        steps += 1
    passes.append(("training", 6))
del loader  # lets its processes go
