"""Tensors and modules of unusual kinds, each in a loop of three steps."""

import math

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(37)
steps, losses, passes, trained, evaluated = 0, {}, [], [], []


class Unprintable(nn.Module):
    """Nobody may print it, and its parts have names from anywhere."""

    def __init__(self):
        super().__init__()
        self.add_module("größe \x1b[31m 模型", nn.Linear(3, 2))
        self.register_buffer("nothing", torch.empty(0, 3))

    def forward(self, x):
        return {"out": [self._modules["größe \x1b[31m 模型"](x)], "nothing": self.nothing}

    def __repr__(self):
        raise RuntimeError("not to be printed")


def train(model, optimizer, loss_of, *inputs, root=None):
    global steps
    mine = losses.setdefault(len(losses), [])
    for _ in range(3):
        optimizer.zero_grad()  # clear
        trained.append(model.training)
        loss = loss_of(model(*inputs))  # forward
        loss.backward(*([root] if root is not None else []))  # backward
        optimizer.step()  # step
        mine.append(loss.item() if loss.numel() == 1 and loss.device.type == "cpu" else math.nan)
        steps += 1


def sgd(model, lr=0.1, **settings):
    return torch.optim.SGD(model.parameters(), lr=lr, **settings)


# Gradients that are sparse.
embedding = nn.EmbeddingBag(20, 4, mode="sum", sparse=True)
ids = torch.tensor([[1, 2], [3, 3]])
optimizer = torch.optim.SparseAdam(embedding.parameters(), lr=0.1)
train(embedding, optimizer, lambda out: out.square().sum(), ids)

# Complex numbers.
waves = nn.Linear(4, 2, dtype=torch.complex64)
signal = torch.randn(3, 4, dtype=torch.complex64)
train(waves, sgd(waves), lambda out: out.abs().square().mean(), signal)

# Double and half precision in one model, with a learning rate that is a number of numpy's.
mixed = nn.Sequential(nn.Linear(4, 3, dtype=torch.float64), nn.Sigmoid())
optimizer = sgd(mixed, lr=np.float64(0.1), momentum=np.float64(0.9))
train(mixed, optimizer, lambda out: out.half().float().mean(), torch.randn(5, 4).double())

# A batch of nothing.
linear = nn.Linear(4, 3)
train(linear, sgd(linear), torch.sum, torch.empty(0, 4))

# No values at all.
meta = nn.Linear(4, 3, device="meta")
train(meta, sgd(meta), torch.sum, torch.empty(2, 4, device="meta"))

# A loss of many numbers, which has no value of its own.
many = nn.Linear(4, 3)
train(many, sgd(many), lambda out: out, torch.ones(2, 4), root=torch.ones(2, 3))

# Outputs in dictionaries, names in any script, no text.
unprintable = Unprintable()
train(unprintable, sgd(unprintable), lambda out: out["out"][0].sum(), torch.ones(1, 3))

# A lazy layer, and a sparse tensor beside it.
lazy = nn.Sequential(nn.LazyLinear(3), nn.ReLU())
with torch.no_grad():
    evaluated.append(lazy.training)
    lazy(torch.ones(1, 4))
eye = torch.eye(3).to_sparse()
train(lazy, sgd(lazy), lambda out: (out @ eye).sum(), torch.randn(4, 4))

# Losses that are not finite, and two roots of one backward.
broken = nn.Linear(4, 3)
optimizer = sgd(broken)
mine = losses[len(losses)] = []
for scale in (1.0, math.inf, 1.0):
    optimizer.zero_grad()  # clear
    trained.append(broken.training)
    out = broken(torch.ones(2, 4))  # forward
    one = F.mse_loss(out, torch.zeros(2, 3)) * scale  # loss
    other = out.abs().sum()
    torch.autograd.backward([one, other])  # backward
    optimizer.step()  # step
    mine.append(one.item() + other.item())
    steps += 1
