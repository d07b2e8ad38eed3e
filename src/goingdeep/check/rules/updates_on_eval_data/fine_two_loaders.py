"""Labelled and unlabelled batches both train; a third loader is evaluated."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
x = torch.randn(240, 6)
y = (x.sum(1) > 0).long()
labelled = DataLoader(TensorDataset(x[:64], y[:64]), batch_size=16, shuffle=True)
unlabelled = DataLoader(TensorDataset(x[64:160]), batch_size=24, shuffle=True)
test_loader = DataLoader(TensorDataset(x[160:], y[160:]), batch_size=16)
model = nn.Sequential(nn.Linear(6, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)

for epoch in range(3):
    model.train()
    for (inputs, labels), (extra,) in zip(labelled, unlabelled, strict=False):
        loss = nn.functional.cross_entropy(model(inputs), labels)
        scores = model(extra).log_softmax(1)
        loss = loss - 0.1 * (scores.exp() * scores).sum(1).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        hits = sum((model(i).argmax(1) == t).sum().item() for i, t in test_loader)
    print(f"accuracy {hits / 80:.2f}")
