"""A notebook's cell that is run twice: two trainings, each with its own model and optimizer."""

from __future__ import annotations

import sys

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from goingdeep.record.log import EventLog, read_events
from goingdeep.record.reading import Seen
from goingdeep.record.scalars import Curve
from goingdeep.watch.watcher import Watcher
from tests.foreign.harness import random_streams, steps_of

IMPORTS = """\
import torch
from torch import nn
torch.manual_seed(3)
x, y = torch.randn(12, 4), torch.randint(0, 2, (12,))
losses = []
"""

CELL = """\
model = nn.Linear(4, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(5):
    loss = nn.functional.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
"""


@pytest.fixture
def shell(tmp_path, monkeypatch):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    config = Config()
    config.HistoryManager.enabled = False
    hooks = sys.displayhook, sys.excepthook, sys.modules["__main__"]
    shell = InteractiveShell.instance(config=config)
    yield shell
    InteractiveShell.clear_instance()
    sys.displayhook, sys.excepthook, sys.modules["__main__"] = hooks


def run_cells(shell, *cells):
    for cell in cells:
        shell.run_cell(cell, store_history=True).raise_error()
    return shell.user_ns["losses"], random_streams()


def test_a_cell_run_twice_is_two_trainings(shell, tmp_path):
    cells = (IMPORTS, CELL, CELL)
    unwatched = run_cells(shell, *cells)
    with EventLog(tmp_path) as log:
        watcher = Watcher(tmp_path, log)
        watcher.start()
        try:
            watched = run_cells(shell, *cells)
        finally:
            watcher.stop()
    assert watched == unwatched
    record = Seen(read_events(tmp_path), tmp_path)
    assert record.steps == 10
    assert not record.gaps
    assert len(record.models) == len(record.optimizers) == 2
    assert [sum(record.counts(n).values()) for n in (0, 1)] == [5, 5]
    losses = watched[0]
    for number, name in ((0, "loss"), (1, "loss-1")):
        curve = Curve.read(tmp_path / "scalars" / f"{name}.npy").table()[:, 3].tolist()
        assert curve == losses[5 * number : 5 * number + 5]


def test_lines_are_those_of_the_cell(shell, tmp_path):
    with EventLog(tmp_path) as log:
        watcher = Watcher(tmp_path, log)
        watcher.start()
        try:
            run_cells(shell, IMPORTS, CELL, CELL)
        finally:
            watcher.stop()
    record = Seen(read_events(tmp_path), tmp_path)
    lines = CELL.splitlines()
    files = set()
    for _, ops in steps_of(record):
        for op in ops:
            site = record.site(op.site)
            assert site.source == lines[site.line - 1].strip()
            files.add(site.file)
    # A shell in a terminal names each run of a cell anew.
    assert 1 <= len(files) <= 2
    grads = {op.facts["grads"] for _, ops in steps_of(record) for op in ops if op.op == "backward"}
    assert grads == {"none"}
    marks = {"forward": 4, "loss": 4, "clear": 5, "backward": 6, "step": 7}
    found = {(op.op, record.site(op.site).line) for _, ops in steps_of(record) for op in ops}
    assert found == set(marks.items())
