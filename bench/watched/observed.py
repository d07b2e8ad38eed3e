"""The loop of plain.py with one of the other tools at work in it, as its own pages have it.

histograms    what `wandb.watch(model, log="all", log_freq=1)` computes: the histogram of every
              parameter and gradient on every step, here written to a file line by line
torch_audit   its `autopatch`, on every step or on each `--every`th
torchlens     `trace(model, batch)` on each `--every`th step; it runs the model once more
"""

import json
import time
from pathlib import Path

import subject
import torch
from torch import nn

BINS = 64


class Histograms:
    def __init__(self, model, optimizer, every) -> None:  # noqa: ARG002
        self.parameters = dict(model.named_parameters())
        self.file = Path("histograms.jsonl").open("w")  # noqa: SIM115

    def batch(self, images, step) -> bool:  # noqa: ARG002
        return True

    def gradients(self) -> None:
        line = {}
        for name, parameter in self.parameters.items():
            line[name] = self.histogram(parameter.detach())
            line[f"{name}.grad"] = self.histogram(parameter.grad)
        self.file.write(json.dumps(line) + "\n")
        self.file.flush()

    def histogram(self, tensor):
        low, high = float(tensor.min()), float(tensor.max())
        return [low, high, torch.histc(tensor, BINS, low, high).int().tolist()]


class Audit:
    def __init__(self, model, optimizer, every) -> None:
        from torch_audit import autopatch

        self.every = every
        self.auditor = autopatch(model, optimizer=optimizer, every_n_steps=every, reporters=[])

    def batch(self, images, step) -> bool:  # noqa: ARG002
        return step % self.every == 0

    def gradients(self) -> None: ...


class Lens:
    def __init__(self, model, optimizer, every) -> None:  # noqa: ARG002
        import torchlens

        self.trace, self.model, self.every = torchlens.trace, model, every
        self.last = None

    def batch(self, images, step) -> bool:
        if step % self.every:
            return False
        self.last = self.trace(self.model, images)
        return True

    def gradients(self) -> None: ...


TOOLS = {"histograms": Histograms, "torch_audit": Audit, "torchlens": Lens}

asked = subject.parser()
asked.add_argument("--tool", choices=TOOLS, required=True)
asked.add_argument("--every", type=int, default=1)
args = subject.parse(asked)
train_loader, _ = subject.loaders(args)
model = subject.network(args.model)
loss_fn = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=subject.RATE)
tool = TOOLS[args.tool](model, optimizer, args.every)

epoch_seconds, looked, others = [], [], []
step = 0
for _ in range(args.epochs):
    model.train()
    start = last = time.perf_counter()
    for images, labels in train_loader:
        looks = tool.batch(images, step)
        loss = loss_fn(model(images), labels)
        loss.backward()
        tool.gradients()
        optimizer.step()
        optimizer.zero_grad()
        now = time.perf_counter()
        (looked if looks else others).append(now - last)
        last, step = now, step + 1
    epoch_seconds.append(time.perf_counter() - start)
subject.report(epoch_seconds=epoch_seconds, looked_seconds=looked, other_seconds=others)
