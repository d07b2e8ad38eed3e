"""worker-rng-duplicates, in another style: same every epoch."""

import numpy as np
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
    def __len__(s):
        return 48

    def __getitem__(s, i):
        return X[i] + torch.from_numpy(np.random.randn(10).astype(np.float32)), Y[i]


m = mlp()
o = torch.optim.Adam(m.parameters(), 1e-2)
dl = DataLoader(DS(), 8, shuffle=True, num_workers=2, worker_init_fn=lambda w: np.random.seed(w))
for e in range(3):
    for x, y in dl:
        o.zero_grad()
        cross_entropy(m(x), y).backward()
        o.step()
