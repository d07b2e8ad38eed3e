"""Threads that train at once: none is disturbed by what is read of another's gradients."""

from __future__ import annotations

import threading

import torch
from torch import nn

from goingdeep.watch.steps.gradients import Gradients
from goingdeep.watch.watcher import Watcher


def test_gradients_of_another_thread_are_not_read_while_it_trains(monkeypatch):
    # A backward writes gradients without Python's lock: reading them from elsewhere meanwhile has
    # crashed the interpreter. So each thread reads what it uses itself, and only that.
    read: dict[str, set[int]] = {}
    original = Gradients.after_backward

    def noted(self):
        read.setdefault(threading.current_thread().name, set()).add(id(self))
        original(self)

    monkeypatch.setattr(Gradients, "after_backward", noted)
    models = [nn.Linear(3, 1) for _ in range(3)]
    optimizers = [torch.optim.SGD(model.parameters(), lr=0.1) for model in models]
    together = threading.Barrier(3)

    def train(number):
        for step in range(30):
            together.wait(timeout=30)
            loss = models[number](torch.ones(2, 3)).sum()
            optimizers[number].zero_grad()
            if step == 0:
                # All have called their model and cleared by now: whose optimizer it is is known.
                together.wait(timeout=30)
            loss.backward()
            optimizers[number].step()

    watcher = Watcher()
    watcher.start()
    try:
        threads = [threading.Thread(target=train, args=(n,), name=str(n)) for n in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        watcher.stop()
    assert not watcher.off
    assert watcher.recorder.counts.steps == 90
    assert sorted(read) == ["0", "1", "2"]
    assert all(len(seen) == 1 for seen in read.values())
    assert len(set.union(*read.values())) == 3


def test_many_threads_train_as_they_would_alone():
    def train(losses, seed):
        generator = torch.Generator().manual_seed(seed)
        model = nn.Linear(8, 4)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.copy_(torch.randn(parameter.shape, generator=generator))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        mine = []
        for _ in range(40):
            loss = model(torch.randn(4, 8, generator=generator)).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            mine.append(loss.item())
        losses[seed] = mine

    alone: dict[int, list[float]] = {}
    for seed in range(4):
        train(alone, seed)
    together: dict[int, list[float]] = {}
    watcher = Watcher()
    watcher.start()
    try:
        threads = [threading.Thread(target=train, args=(together, n)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        watcher.stop()
    assert together == alone
    assert not watcher.off
    assert watcher.recorder.counts.steps == 160
    assert watcher.recorder.counts.backwards == 160
