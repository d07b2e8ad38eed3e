"""Tensors whose values cannot be had without waiting, as those of an accelerator.

Here every tensor only says that it is not the CPU's; tests/gpu has the real thing. What is recorded
must be the same, and between two close looks nothing may be read.
"""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import pytest
import torch
from tests.foreign import harness
from tests.foreign.harness import LOOPS, check_lines, check_losses, check_modes, check_passes
from tests.gpu.stepping import LOOPS as STEPS
from tests.gpu.stepping import Training
from torch import Tensor

import goingdeep
from goingdeep.record.log import EventLog
from goingdeep.watch.reading.later import BUFFER, now_or_later
from goingdeep.watch.steps.gradients import FRESH, LEFT_OVER, SUMMED, ZERO, Gradients
from goingdeep.watch.steps.held import Held
from goingdeep.watch.watcher import Watcher
from goingdeep.watch.writing.series import Series

pytestmark = pytest.mark.usefixtures("one_thread")
OURS = str(Path(goingdeep.__file__).parent / "watch")
READS = (
    "item", "tolist", "cpu", "numpy", "__bool__", "__float__", "__int__", "__index__", "__array__",
)  # fmt: skip
LOOPS_SEEN = (
    "plain", "accumulation", "accumulation_unscaled", "averaging", "broken_off", "by_hand", "checkpointing",
    "clearing", "dropout", "eval_with_grad", "gan", "lbfgs", "modes", "no_loader", "own_hooks", "rnn", "scaler",
    "schedulers", "tied", "workers",
)  # fmt: skip


@pytest.fixture
def elsewhere(monkeypatch):
    monkeypatch.setattr(Tensor, "is_cpu", property(lambda _: False))


@pytest.mark.parametrize("name", LOOPS_SEEN)
def test_it_is_recorded_as_on_the_cpu(elsewhere, tmp_path, name):
    run = harness.watch(LOOPS / f"{name}.py", tmp_path)
    assert run.seen.gaps == []
    check_losses(run)
    check_passes(run)
    check_modes(run)
    check_lines(run, LOOPS / f"{name}.py")


@contextlib.contextmanager
def watching(folder):
    with EventLog(folder) as log:
        watcher = Watcher(folder, log)
        watcher.start()
        try:
            yield watcher
        finally:
            watcher.stop()
    assert watcher.recorder.gaps == []


@pytest.fixture
def read(monkeypatch):
    """What our code reads of tensors from here on: the method, and our line."""
    found: list[str] = []

    def noting(name):
        original = getattr(Tensor, name)

        def method(*args, **kwargs):
            frame = sys._getframe(1)
            if frame.f_code.co_filename.startswith(OURS):
                found.append(f"{name} {frame.f_code.co_filename}:{frame.f_lineno}")
            return original(*args, **kwargs)

        return method

    for name in READS:
        monkeypatch.setattr(Tensor, name, noting(name))
    return found


@pytest.mark.parametrize("name", STEPS)
def test_between_close_looks_nothing_is_read(elsewhere, read, tmp_path, name):
    training = Training("cpu")
    with watching(tmp_path):
        for i in range(1, 70):
            getattr(training, name)(i)
        assert read, "close looks read"
        read.clear()
        for i in range(70, 121):
            getattr(training, name)(i)
        assert read == []


def test_a_value_that_is_written_over_is_kept_as_it_was(elsewhere):
    loss = torch.tensor(2.0, requires_grad=True) * 2
    kept = now_or_later(loss)
    loss.detach().zero_()
    assert isinstance(kept, Tensor)
    assert kept.item() == 4.0
    assert not kept.requires_grad
    assert now_or_later(torch.zeros(2)) is None


def test_losses_that_wait_are_averaged_when_they_are_read():
    held = Held()
    held.add(1.0)
    held.add(torch.tensor(2.0))
    series = Series()
    series.add(held.take(), 1)
    series.add(torch.tensor(5.0), 2)
    assert len(series.now().table()) == 0
    assert series.fold().table()[:, 3].tolist() == [1.5, 5.0]


def test_few_losses_wait():
    series = Series()
    for step in range(1, BUFFER):
        series.add((torch.tensor(1.0), torch.tensor(3.0)), step)
    assert len(series.now().table()) >= BUFFER // 2
    assert series.fold().table()[:, 3].tolist() == [2.0] * (BUFFER - 1)


def test_gradients_are_looked_at_ever_more_rarely(elsewhere, monkeypatch):
    weight = torch.ones(3, requires_grad=True)
    gradients, looked, steps = Gradients([weight]), [], []
    look = Gradients._look
    monkeypatch.setattr(Gradients, "_look", lambda self: (looked.append(len(steps)), look(self))[1])
    for step in range(1, 101):
        steps.append(step)
        weight.sum().backward()
        gradients.after_backward()
        assert gradients.before_step() == FRESH
        gradients.after_step()
        weight.grad.zero_()
        assert gradients.now() == ZERO
    assert looked == [1, 2, 3, 4, 8, 16, 32, 64]
    # From here on they are left over, which is another question, asked anew.
    weight.sum().backward()
    gradients.after_backward()
    gradients.after_step()
    assert gradients.now() == LEFT_OVER
    weight.sum().backward()
    gradients.after_backward()
    assert gradients.before_step() == SUMMED


def test_a_compiled_function_is_a_gap(tmp_path):
    model = torch.nn.Linear(4, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    @torch.compile(backend="aot_eager")
    def loss_of(x, y):
        return torch.nn.functional.cross_entropy(model(x), y)

    with EventLog(tmp_path) as log:
        watcher = Watcher(tmp_path, log)
        watcher.start()
        loss_of(torch.randn(3, 4), torch.tensor([0, 1, 0])).backward()
        optimizer.step()
        watcher.stop()
    assert "inside torch.compile" in [what for what, _ in watcher.recorder.gaps]
