"""Every worker seeds NumPy with the same constant, and the dataset adds noise with NumPy."""

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Noisy(Dataset):
    def __len__(self):
        return 48

    def __getitem__(self, i):
        noise = np.random.normal(size=6).astype(np.float32)
        return torch.from_numpy(noise) + i % 2, i % 2


def worker_init_fn(worker):
    np.random.seed(0)


torch.manual_seed(0)
loader = DataLoader(
    Noisy(), batch_size=8, shuffle=True, num_workers=2, worker_init_fn=worker_init_fn
)
model = nn.Linear(6, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

for epoch in range(2):
    for inputs, labels in loader:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(inputs), labels).backward()
        optimizer.step()
