"""Loops of a step each, which wait for nothing themselves, but for `scaled`, where GradScaler does."""

from __future__ import annotations

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Training:
    """A small network on a device; each method but `backward` is one step of a loop."""

    def __init__(self, device: str) -> None:
        torch.manual_seed(0)
        self.device = device
        self.x = torch.randn(8, 16, 20).to(device)
        self.y = torch.randint(0, 4, (8, 16)).to(device)
        self.model = nn.Sequential(
            nn.Linear(20, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.1), nn.Linear(32, 4)
        ).to(device)
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.01, momentum=0.9)
        self.loss_fn = nn.CrossEntropyLoss()
        self.scaler = torch.amp.GradScaler(device)
        data = TensorDataset(torch.randn(2000, 20), torch.randint(0, 4, (2000,)))
        self.batches = iter(DataLoader(data, batch_size=8, pin_memory=device == "cuda"))
        self.total = torch.zeros((), device=device)

    def backward(self, i: int, factor: float = 1.0) -> None:
        loss = self.loss_fn(self.model(self.x[i % 8]), self.y[i % 8])
        (loss * factor if factor != 1 else loss).backward()
        self.total += loss.detach()

    def plain(self, i: int) -> None:
        self.backward(i)
        self.optimizer.step()
        self.optimizer.zero_grad()

    def to_zero(self, i: int) -> None:
        self.backward(i)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=False)

    def by_hand_to_zero(self, i: int) -> None:
        self.backward(i)
        self.optimizer.step()
        for parameter in self.model.parameters():
            parameter.grad.zero_()

    def never_cleared(self, i: int) -> None:
        self.backward(i)
        self.optimizer.step()

    def accumulated(self, i: int) -> None:
        for part in range(2):
            self.backward(i + part, 1 / 2)
        self.optimizer.step()
        self.optimizer.zero_grad()

    def clipped(self, i: int) -> None:
        self.backward(i)
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad()

    def loaded(self, i: int) -> None:
        x, y = next(self.batches)
        x = x.to(self.device, non_blocking=True)
        y = y.to(self.device, non_blocking=True)
        loss = self.loss_fn(self.model(x), y)
        loss.backward()
        self.optimizer.step()
        self.optimizer.zero_grad()

    def scaled(self, i: int) -> None:
        with torch.autocast(self.device, dtype=torch.float16):
            loss = self.loss_fn(self.model(self.x[i % 8]), self.y[i % 8])
        self.scaler.scale(loss).backward()
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.optimizer.zero_grad()

    def with_evaluation(self, i: int) -> None:
        self.plain(i)
        if i % 5 == 0:
            with torch.no_grad():
                self.model.eval()
                for part in range(4):
                    self.total += self.loss_fn(self.model(self.x[part]), self.y[part])
                self.model.train()


LOOPS = [
    name
    for name, value in vars(Training).items()
    if callable(value) and name not in {"__init__", "backward"}
]
