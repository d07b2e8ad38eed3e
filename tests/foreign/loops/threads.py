"""Two threads train at once, each its own model."""

import threading

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(19)
steps, losses, passes, trained, evaluated = 0, {}, [], [], []

lock = threading.Lock()
together = threading.Barrier(2)
models = [nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 2)) for _ in range(2)]
optimizers = [
    torch.optim.SGD(model.parameters(), lr=0.1 * (n + 1)) for n, model in enumerate(models)
]
loaders = [
    DataLoader(TensorDataset(torch.randn(24, 4), torch.randint(0, 2, (24,))), batch_size=4)
    for _ in range(2)
]


def train(number):
    global steps
    model, optimizer, mine = models[number], optimizers[number], []
    for _ in range(2):
        for x, y in loaders[number]:  # batch
            together.wait(timeout=30)
            with lock:
                trained.append(model.training)
            loss = nn.functional.cross_entropy(model(x), y)  # forward, loss
            optimizer.zero_grad()  # clear
            loss.backward()  # backward
            optimizer.step()  # step
            mine.append(loss.item())
            with lock:
                steps += 1
    losses[number] = mine


workers = [threading.Thread(target=train, args=(n,), name=f"trainer {n}") for n in range(2)]
for worker in workers:
    worker.start()
for worker in workers:
    worker.join()
passes = [("training", 6)] * 4
