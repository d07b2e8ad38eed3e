"""grads-not-cleared, in another style: momentum clip."""

import torch
import torch.nn as nn
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(3)
X = torch.randn(240, 10)
Y = X[:, :4].argmax(1)
train_ds, val_ds = TensorDataset(X[:160], Y[:160]), TensorDataset(X[160:], Y[160:])
train_dl = DataLoader(train_ds, batch_size=16, shuffle=True)
val_dl = DataLoader(val_ds, batch_size=16)


def mlp(out=4, drop=0.0, bn=False):
    layers = [nn.Linear(10, 24)]
    if bn:
        layers.append(nn.BatchNorm1d(24))
    layers.append(nn.ReLU())
    if drop:
        layers.append(nn.Dropout(drop))
    return nn.Sequential(*layers, nn.Linear(24, out))


class Trainer:
    def __init__(s):
        s.m = mlp()
        s.o = torch.optim.SGD(s.m.parameters(), 0.01, momentum=0.9)

    def step(s, x, y):
        l = cross_entropy(s.m(x), y)
        l.backward()
        nn.utils.clip_grad_norm_(s.m.parameters(), 1.0)
        s.o.step()
        return l.item()


t = Trainer()
for e in range(2):
    for x, y in train_dl:
        t.step(x, y)
