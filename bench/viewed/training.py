"""A training of the quickstart's size that does as many steps as it is told, line by line of its input.

Nothing in it knows that it is watched, or that somebody looks. After each line it prints one of JSON.
"""

import json
import sys
import time

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
images, labels = torch.rand(6400, 1, 28, 28), torch.randint(0, 10, (6400,))
loader = DataLoader(TensorDataset(images, labels), batch_size=64, shuffle=True)
model = nn.Sequential(
    nn.Flatten(), nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10)
)
optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)

for line in sys.stdin:
    wanted, done = int(line), []
    began, cpu = time.perf_counter(), time.process_time()
    while len(done) < wanted:
        for x, y in loader:
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            done.append(time.time())
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    print(json.dumps({"seconds": seconds, "cpu": cpu, "done": done}), flush=True)
