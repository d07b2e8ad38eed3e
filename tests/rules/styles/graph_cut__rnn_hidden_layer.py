"""graph-cut, in another style: rnn hidden layer."""

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


class Net(nn.Module):
    def __init__(s):
        super().__init__()
        s.emb = nn.Embedding(20, 8)
        s.rnn = nn.GRU(8, 8, batch_first=True)
        s.out = nn.Linear(8, 4)

    def forward(s, t):
        e = s.emb(t).detach()
        h, _ = s.rnn(e)
        return s.out(h[:, -1])


m = Net()
o = torch.optim.Adam(m.parameters(), 1e-2)
t = torch.randint(0, 20, (160, 6))
dl = DataLoader(TensorDataset(t, Y[:160]), 16, shuffle=True)
for e in range(2):
    for x, y in dl:
        o.zero_grad()
        cross_entropy(m(x), y).backward()
        o.step()
