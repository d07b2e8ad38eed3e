"""train-in-eval-mode, in another style: every n steps."""

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


m = mlp(drop=0.2)
o = torch.optim.Adam(m.parameters(), 1e-3)


def val():
    m.eval()
    with torch.no_grad():
        return sum(cross_entropy(m(x), y).item() for x, y in val_dl)


n = 0
m.train()
for e in range(3):
    for x, y in train_dl:
        o.zero_grad()
        cross_entropy(m(x), y).backward()
        o.step()
        n += 1
        if n % 5 == 0:
            val()
