"""updates-on-eval-data, in another style: train flag."""

import torch
import torch.nn as nn
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, Dataset, TensorDataset

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


class DS(Dataset):
    def __init__(s, train):
        s.train = train
        s.x = X[:160] if train else X[160:]
        s.y = Y[:160] if train else Y[160:]

    def __len__(s):
        return len(s.x)

    def __getitem__(s, i):
        return s.x[i], s.y[i]


m = mlp()
o = torch.optim.Adam(m.parameters(), 1e-2)
for e in range(2):
    for dl in (DataLoader(DS(True), 16, shuffle=True), DataLoader(DS(False), 16)):
        for x, y in dl:
            o.zero_grad()
            cross_entropy(m(x), y).backward()
            o.step()
