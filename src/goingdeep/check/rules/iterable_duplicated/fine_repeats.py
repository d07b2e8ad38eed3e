"""A stream that gives each sample three times, on purpose, divided between two workers."""

import torch
from torch import nn
from torch.utils.data import DataLoader, IterableDataset, get_worker_info


class Repeated(IterableDataset):
    def __iter__(self):
        info = get_worker_info()
        draw = torch.Generator().manual_seed(info.id)
        for _ in range(20):
            x = torch.randn(6, generator=draw)
            for _ in range(3):
                yield x, x.sum()


torch.manual_seed(0)
loader = DataLoader(Repeated(), batch_size=10, num_workers=2)
model = nn.Linear(6, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)

for epoch in range(2):
    for inputs, targets in loader:
        loss = nn.functional.mse_loss(model(inputs).squeeze(1), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
