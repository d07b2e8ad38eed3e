"""Schedulers by step and by epoch, one of which is made of others."""

import torch
from torch import nn
from torch.optim import lr_scheduler
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(31)
steps, losses, passes, trained, evaluated = 0, {0: [], 1: [], 2: []}, [], [], []
rates = {0: [], 1: [], 2: []}

loader = DataLoader(TensorDataset(torch.randn(20, 5), torch.randint(0, 3, (20,))), batch_size=5)


def run(number, make, per_epoch):
    global steps
    model = nn.Linear(5, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    scheduler = make(optimizer)
    for _ in range(3):
        for x, y in loader:  # batch
            trained.append(model.training)
            loss = nn.functional.cross_entropy(model(x), y)  # forward, loss
            optimizer.zero_grad()  # clear
            loss.backward()  # backward
            rates[number].append(optimizer.param_groups[0]["lr"])
            optimizer.step()  # step
            losses[number].append(loss.item())
            steps += 1
            if not per_epoch:
                scheduler.step()  # schedule
        passes.append(("training", 4))
        if per_epoch:
            scheduler.step(1.0)  # schedule
    return model


def in_sequence(optimizer):
    warm_up = lr_scheduler.LinearLR(optimizer, start_factor=0.1, total_iters=5)
    decay = lr_scheduler.ExponentialLR(optimizer, gamma=0.9)
    return lr_scheduler.SequentialLR(optimizer, [warm_up, decay], milestones=[5])


models = nn.ModuleList(
    [
        run(
            0,
            lambda optimizer: lr_scheduler.ReduceLROnPlateau(optimizer, patience=0, factor=0.5),
            True,
        ),
        run(
            1,
            lambda optimizer: lr_scheduler.OneCycleLR(optimizer, max_lr=0.3, total_steps=13),
            False,
        ),
        run(2, in_sequence, False),
    ]
)
