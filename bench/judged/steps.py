"""A longer training for the clock: the quickstart's network and batch, 10 epochs of 100 steps."""

import json
import time

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
images = torch.rand(6400, 1, 28, 28)
labels = torch.randint(0, 10, (6400,))
loader = DataLoader(TensorDataset(images, labels), batch_size=64, shuffle=True)
model = nn.Sequential(
    nn.Flatten(), nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10)
)
optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
criterion = nn.CrossEntropyLoss()
epoch_seconds = []
for _ in range(10):
    start = time.perf_counter()
    for batch, target in loader:
        loss = criterion(model(batch), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    epoch_seconds.append(time.perf_counter() - start)
print(json.dumps({"epoch_seconds": epoch_seconds}))
