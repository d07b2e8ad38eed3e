"""Two workers read the same stream from its beginning."""

import torch
from torch import nn
from torch.utils.data import DataLoader, IterableDataset


class Stream(IterableDataset):
    def __iter__(self):
        draw = torch.Generator().manual_seed(1)
        for _ in range(60):
            x = torch.randn(6, generator=draw)
            yield x, x.sum()


torch.manual_seed(0)
loader = DataLoader(Stream(), batch_size=10, num_workers=2)
model = nn.Linear(6, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)

for epoch in range(2):
    for inputs, targets in loader:
        loss = nn.functional.mse_loss(model(inputs).squeeze(1), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
