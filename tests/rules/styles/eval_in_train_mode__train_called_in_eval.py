"""eval-in-train-mode, in another style: train called in eval."""

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


m = mlp(drop=0.3)
o = torch.optim.Adam(m.parameters(), 1e-3)


def run(dl, train):
    m.train()
    tot = 0
    with torch.set_grad_enabled(train):
        for x, y in dl:
            l = cross_entropy(m(x), y)
            tot += l.item()
            if train:
                o.zero_grad()
                l.backward()
                o.step()
    return tot


for e in range(2):
    run(train_dl, True)
    run(val_dl, False)
