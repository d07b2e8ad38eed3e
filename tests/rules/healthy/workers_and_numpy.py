"""Augmentation with NumPy and random in two workers, without a worker_init_fn."""

import random

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Augmented(Dataset):
    def __len__(self):
        return 48

    def __getitem__(self, i):
        x = np.full(8, i, dtype=np.float32) / 48 + np.random.randn(8).astype(np.float32)
        return torch.from_numpy(x * random.uniform(0.9, 1.1)), i % 2


torch.manual_seed(0)
loader = DataLoader(Augmented(), batch_size=8, shuffle=True, num_workers=2)
model = nn.Linear(8, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(2):
    for inputs, labels in loader:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(inputs), labels).backward()
        optimizer.step()
