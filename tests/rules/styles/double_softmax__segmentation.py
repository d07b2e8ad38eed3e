"""double-softmax, in another style: segmentation."""

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


m = nn.Sequential(nn.Conv2d(1, 6, 3, padding=1), nn.ReLU(), nn.Conv2d(6, 3, 1), nn.Softmax2d())
o = torch.optim.Adam(m.parameters(), 1e-3)
xs = torch.randn(40, 1, 6, 6)
ys = torch.randint(0, 3, (40, 6, 6))
for x, y in DataLoader(TensorDataset(xs, ys), 8, shuffle=True):
    l = cross_entropy(m(x), y)
    o.zero_grad()
    l.backward()
    o.step()
