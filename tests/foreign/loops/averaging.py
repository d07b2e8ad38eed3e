"""Averaged copies of a model: stochastic weight averaging, and an exponential moving average."""

import copy

import torch
from torch import nn
from torch.optim.swa_utils import SWALR, AveragedModel, update_bn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(28)
steps, losses, passes, trained, evaluated = 0, [], [], [], []

loader = DataLoader(
    TensorDataset(torch.randn(24, 5), torch.randint(0, 3, (24,))), batch_size=6, shuffle=True
)
model = nn.Sequential(nn.Linear(5, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3))
averaged = AveragedModel(model)
moving = copy.deepcopy(model)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=4)
swa_scheduler = SWALR(optimizer, swa_lr=0.05)

for epoch in range(4):
    for x, y in loader:  # batch
        optimizer.zero_grad()  # clear
        trained.append(model.training)
        loss = nn.functional.cross_entropy(model(x), y)  # forward, loss
        loss.backward()  # backward
        optimizer.step()  # step
        with torch.no_grad():
            for mine, theirs in zip(moving.parameters(), model.parameters(), strict=True):
                mine.mul_(0.9).add_(theirs, alpha=0.1)
        losses.append(loss.item())
        steps += 1
    passes.append(("training", 4))
    if epoch >= 2:
        averaged.update_parameters(model)
        swa_scheduler.step()  # schedule
    else:
        scheduler.step()  # schedule
    moving.eval()  # mode
    with torch.no_grad():
        for x, y in loader:  # batch
            evaluated.append(moving.training)
            nn.functional.cross_entropy(moving(x), y)  # forward, loss
    passes.append(("evaluation", 4))

evaluated += [True] * 4
update_bn(loader, averaged)  # batch, forward
passes.append(("evaluation", 4))
