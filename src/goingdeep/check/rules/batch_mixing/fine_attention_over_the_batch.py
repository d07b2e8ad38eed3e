"""Attention between the samples of a batch, on purpose: a set of rows, each a sequence of one."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class BetweenSamples(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Linear(6, 16)
        self.attend = nn.MultiheadAttention(16, 2)
        self.out = nn.Linear(16, 3)

    def forward(self, rows):
        h = self.embed(rows).unsqueeze(1)
        h = h + self.attend(h, h, h)[0]
        return self.out(h.squeeze(1))


torch.manual_seed(0)
x = torch.randn(160, 6)
y = x[:, :3].argmax(1)
loader = DataLoader(TensorDataset(x, y), batch_size=16, shuffle=True)
model = BetweenSamples()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

for epoch in range(2):
    for rows, labels in loader:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(rows), labels).backward()
        optimizer.step()
