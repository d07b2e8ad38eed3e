"""What is around a loop: tensors that processes exchange, accelerators that are idle."""

from __future__ import annotations

import pytest
import torch
import torch.distributed as dist

import goingdeep as gd
from goingdeep.record import read_events
from goingdeep.record.event import Gap
from goingdeep.record.seen import Accelerators, Exchange
from goingdeep.watch.steps import accelerators


@pytest.fixture
def alone(tmp_path):
    """A job of one process."""
    dist.init_process_group("gloo", init_method=f"file://{tmp_path}/store", rank=0, world_size=1)
    yield
    dist.destroy_process_group()


def train(steps: int, *, every=lambda: None) -> None:
    model = torch.nn.Linear(2, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(steps):
        optimizer.zero_grad()
        model(torch.ones(1, 2)).sum().backward()
        optimizer.step()
        every()


def test_exchanges_are_written_by_line_and_as_they_grow(tmp_path, alone):
    before = dist.all_reduce
    with gd.watch(tmp_path / "run", quiet=True):
        sizes = iter((3, 4, 6, 6, 50))

        def every():
            dist.all_reduce(torch.ones(next(sizes)))
            dist.all_gather([torch.zeros(5)], torch.ones(5))

        dist.broadcast(torch.ones(7), 0)
        train(5, every=every)
    assert dist.all_reduce is before
    found = [e for e in read_events(tmp_path / "run") if isinstance(e, Exchange)]
    told = [(e.function, e.values, e.step) for e in found]
    assert told == [
        ("broadcast", 7, 0), ("all_reduce", 3, 1), ("all_gather", 5, 1), ("all_reduce", 6, 3),
        ("all_reduce", 50, 5),
    ]  # fmt: skip
    assert len({e.site for e in found}) == 3
    assert all(e.site >= 0 for e in found)


def test_an_idle_accelerator_is_asked_for_once(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(accelerators, "available", lambda: asked.append(1) or ("cuda", 2))
    with gd.watch(tmp_path / "run", quiet=True):
        train(300)
    (event,) = [e for e in read_events(tmp_path / "run") if isinstance(e, Accelerators)]
    assert (event.device, event.count, event.step, len(asked)) == ("cuda", 2, 128, 1)


def test_a_driver_that_does_not_answer_is_a_gap(tmp_path, monkeypatch):
    monkeypatch.setattr(accelerators, "available", lambda: None)
    with gd.watch(tmp_path / "run", quiet=True):
        train(130)
    gaps = [e.what for e in read_events(tmp_path / "run") if isinstance(e, Gap)]
    assert gaps == ["accelerators"]


@pytest.mark.parametrize(
    ("count", "driver", "expected"),
    [(2, True, ("cuda", 2)), (0, True, ("", 0)), (-1, False, ("", 0)), (-1, True, None)],
)
def test_it_is_asked_for_without_starting_cuda(monkeypatch, count, driver, expected):
    monkeypatch.setattr(torch.backends.mps, "is_built", lambda: False)
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1 / 0)
    monkeypatch.setattr(torch.cuda, "_device_count_nvml", lambda: count)
    monkeypatch.setattr(accelerators, "DEVICES", (__file__,) if driver else ("/nowhere",))
    assert accelerators.available() == expected


def test_a_program_that_has_started_cuda_is_asked_itself(monkeypatch):
    monkeypatch.setattr(torch.backends.mps, "is_built", lambda: False)
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    assert accelerators.available() == ("cuda", 4)
    monkeypatch.setattr(torch.version, "cuda", None)
    assert accelerators.available() == ("", 0)


def test_the_gpus_of_apple_are_asked_by_their_own_question(monkeypatch):
    monkeypatch.setattr(torch.backends.mps, "is_built", lambda: True)
    for there, expected in ((True, ("mps", 1)), (False, ("", 0))):
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda there=there: there)
        assert accelerators.available() == expected
