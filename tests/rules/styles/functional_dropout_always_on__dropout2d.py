"""functional-dropout-always-on, in another style: dropout2d."""

import torch
import torch.nn as nn
import torch.nn.functional as F
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


class Net(nn.Module):
    def __init__(s):
        super().__init__()
        s.c = nn.Conv2d(1, 4, 3)
        s.f = nn.Linear(64, 4)

    def forward(s, x):
        return s.f(F.dropout2d(F.relu(s.c(x)), 0.3).flatten(1))


m = Net()
o = torch.optim.SGD(m.parameters(), 1e-1)
xs = torch.randn(64, 1, 6, 6)
for e in range(2):
    m.train()
    for i in range(0, 48, 8):
        o.zero_grad()
        cross_entropy(m(xs[i : i + 8]), Y[i : i + 8]).backward()
        o.step()
    m.eval()
    with torch.no_grad():
        m(xs[48:])
