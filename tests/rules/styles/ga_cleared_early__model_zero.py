"""ga-cleared-early, in another style: model zero."""

import torch
import torch.nn as nn
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


m = mlp()
o = torch.optim.SGD(m.parameters(), 1e-1)
lf = nn.CrossEntropyLoss()
for e in range(3):
    for i, (x, y) in enumerate(train_dl):
        m.zero_grad()
        (lf(m(x), y) / 2).backward()
        if i % 2:
            o.step()
