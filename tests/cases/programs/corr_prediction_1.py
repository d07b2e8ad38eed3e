"""Gradients are cleared once an epoch, before the loop over the batches.

rule:   grads-not-cleared
line:   loss.backward()
style:  a train() function over a generator of index batches
source: salesforce/corr_based_prediction#1
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn, optim

rng = np.random.RandomState(0)
x_all = torch.from_numpy(rng.randn(200, 15)).float()
y_all = torch.from_numpy(rng.randint(0, 4, 200))
model = nn.Sequential(nn.Linear(15, 30), nn.ReLU(), nn.Linear(30, 4))
optimizer = optim.SGD(model.parameters(), lr=0.01, momentum=0.9)


def minibatches(size):
    order = rng.permutation(len(x_all))
    for start in range(0, len(order), size):
        index = torch.from_numpy(order[start : start + size])
        yield x_all[index], y_all[index]


def train():
    model.train()
    optimizer.zero_grad()
    total, seen = 0.0, 0
    for x, y in minibatches(20):
        # fixed: optimizer.zero_grad()
        output = model(x)
        loss = F.cross_entropy(output, y)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(x)
        seen += len(x)
    return total / seen


for epoch in range(4):
    print(epoch, train())
