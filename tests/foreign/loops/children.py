"""Forked children train while the parent trains: theirs is another program's loop."""

import multiprocessing

import torch
from torch import nn

torch.manual_seed(20)
torch.set_num_threads(1)
steps, losses, passes, trained, evaluated = 0, [], [], [], []


def train(seed, count, told=None):
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    model = nn.Linear(3, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    mine = []
    for _ in range(count):
        loss = model(torch.randn(4, 3)).square().mean()  # forward
        optimizer.zero_grad()  # clear
        loss.backward()  # backward
        optimizer.step()  # step
        mine.append(loss.item())
    if told is not None:
        told.put(mine)
    return mine


fork = multiprocessing.get_context("fork")
told = fork.SimpleQueue()
children = [fork.Process(target=train, args=(seed, 5, told)) for seed in (1, 2)]
for child in children:
    child.start()
losses = train(0, 7)
steps, trained = 7, [True] * 7
for child in children:
    child.join()
their_losses = sorted(told.get() for _ in children)
codes = [child.exitcode for child in children]
