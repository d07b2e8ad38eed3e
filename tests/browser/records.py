"""Four small records of real trainings, and what they say, read in Python: the page's oracle."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from goingdeep.record import look
from goingdeep.record.reading import read_processes
from tests.no_dynamo import NO_DYNAMO

HEAD = """
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
x = torch.rand(64, 1, 8, 8)
y = (x.mean((1, 2, 3)) > 0.5).long() + (x[:, 0, 0, 0] > 0.7).long()
train = TensorDataset(x[:48], y[:48])
test = TensorDataset(x[48:], y[48:])
"""

LOOP = """
for epoch in range(2):
    model.train()
    for images, labels in DataLoader(train, batch_size=8, shuffle=True):
        optimizer.zero_grad()
        scores = model(images)
        loss = loss_fn(scores, labels)
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        for images, labels in DataLoader(test, batch_size=8):
            model(images)
"""

PROGRAMS = {
    "mlp": HEAD
    + """
model = nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 3))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=0.01)
loss_fn = nn.CrossEntropyLoss()
"""
    + LOOP,
    "cnn": HEAD
    + """

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.drop = nn.Dropout(0.5)
        self.head = nn.Linear(4 * 16, 3)

    def forward(self, x):
        x = torch.max_pool2d(torch.relu(self.norm(self.conv(x))), 2)
        return self.head(self.drop(x.flatten(1)))


model = Net()
optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
loss_fn = nn.CrossEntropyLoss()
"""
    + LOOP,
    "finding": HEAD
    + """
model = nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 3), nn.Softmax(dim=1))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
loss_fn = nn.CrossEntropyLoss()
"""
    + LOOP,
    "nan": HEAD
    + """
model = nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 3))
optimizer = torch.optim.SGD(model.parameters(), lr=1e12)
loss_fn = nn.CrossEntropyLoss()
"""
    + LOOP,
}


def record(name: str, place: Path, python: str) -> Path:
    """Run one of the programs under `gd run`, in a process of its own, by this Python."""
    program = place / f"{name}.py"
    program.write_text(PROGRAMS[name], encoding="utf-8")
    folder = place / name
    (place / "sitecustomize.py").write_text(NO_DYNAMO, encoding="utf-8")
    surroundings = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(place)}
    answer = subprocess.run(
        [python, "-m", "goingdeep", "run", "--quiet", "--no-report", "--out", folder, program],
        cwd=place, env=surroundings, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    return folder


def looked(folder: Path) -> dict[int, list[look.LookEvent]]:
    """By step, what was looked at closely, without a clear that belongs to the step before."""
    [seen] = read_processes(folder)
    found = {}
    for step, one in sorted(seen.looks.items()):
        parts = one.training
        if not parts:
            continue
        ends = parts[0], parts[-1]
        if len(parts) > 1 and all(isinstance(part, look.LookClear) for part in ends):
            parts = parts[1:]
        found[step] = parts
    return found


def of(kind: type, parts: list[look.LookEvent]):
    """The one event of a kind in a step."""
    [event] = [part for part in parts if isinstance(part, kind)]
    return event
