"""A judge that also sees how much the samples of a group differ (as in progressive GANs)."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Judge(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(8, 16)
        self.last = nn.Linear(17, 1)

    def forward(self, x):
        h = torch.relu(self.first(x))
        groups = h.view(2, -1, 16) if len(h) % 2 == 0 else h.unsqueeze(0)
        spread = groups.std(0, unbiased=False).mean(1).repeat(len(groups), 1).reshape(-1, 1)
        return self.last(torch.cat([h, spread], 1)).squeeze(1)


torch.manual_seed(0)
x = torch.randn(160, 8)
loader = DataLoader(TensorDataset(x), batch_size=16, shuffle=True)
judge = Judge()
optimizer = torch.optim.Adam(judge.parameters(), lr=1e-3)
loss = nn.BCEWithLogitsLoss()

for epoch in range(2):
    for (real,) in loader:
        fake = torch.randn_like(real) * 0.5
        optimizer.zero_grad()
        both = loss(judge(real), torch.ones(16)) + loss(judge(fake), torch.zeros(16))
        both.backward()
        optimizer.step()
