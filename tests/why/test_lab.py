"""A dear model's experiments are made smaller, all in the same way, and that is said."""

from __future__ import annotations

import dataclasses

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import goingdeep as gd
from goingdeep.watch.moments import budget as budgets
from goingdeep.watch.moments.budget import Budget
from goingdeep.watch.moments.replay import verify
from goingdeep.watch.moments.variant import Variant
from goingdeep.why.answering import answered
from goingdeep.why.catalogue import catalogue
from goingdeep.why.experiment import Bound, Experiment
from goingdeep.why.lab import REPLAYS, Lab
from goingdeep.why.program import of_watcher

pytestmark = pytest.mark.usefixtures("one_thread")

BATCH = 32
STEPS = 20
ONE = Bound().seconds / REPLAYS
"""Seconds of one replay."""


def net() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 12), nn.ReLU(), nn.Linear(12, 3))


def batches() -> list[tuple[torch.Tensor, torch.Tensor]]:
    draw = torch.Generator().manual_seed(1)
    x = torch.randn(BATCH * STEPS, 6, generator=draw)
    return list(DataLoader(TensorDataset(x, x[:, :3].argmax(1)), BATCH))


def loop(model, batches, rate=0.1, every=1) -> list[float]:
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    losses = []
    for i, (x, y) in enumerate(batches, 1):
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        losses.append(loss.item())
        if i % every == 0:
            optimizer.step()
            optimizer.zero_grad()
    return losses


@pytest.fixture(scope="module")
def experiments(tmp_path_factory):
    found = {}
    for every in (1, 2):
        with gd.watch(tmp_path_factory.mktemp("lab") / "run", moments=True, quiet=True) as run:
            loop(net(), batches(), every=every)
        found[every] = of_watcher(run.watcher, Bound())
        assert found[every].moment is not None
    return found


def dear(experiment: Experiment, cost: float) -> Lab:
    moment = dataclasses.replace(experiment.moment, cost=cost)
    return Lab(dataclasses.replace(experiment, moment=moment, spent=0.0))


def test_what_is_cheap_is_done_as_recorded(experiments):
    lab = dear(experiments[1], ONE / STEPS * 0.9)
    assert (lab.steps, lab.reduced) == (STEPS, "")
    assert lab.recorded == loop(net(), batches())


def test_a_dearer_one_has_fewer_steps(experiments):
    lab = dear(experiments[1], ONE / 17)
    assert lab.steps == 16
    assert lab.recorded == loop(net(), batches())[:16]
    assert lab.reduced.endswith("so all that follows is done on the first 16 steps.")
    assert len(lab.trial(Variant("unchanged")).losses) == 16


def test_a_dear_one_has_smaller_batches_and_every_replay_has_the_same(experiments):
    lab = dear(experiments[1], ONE / 9)
    smaller = [part for x, y in batches() for part in zip(x.split(16), y.split(16), strict=True)]
    assert lab.steps == 16
    assert "in batches of 16, 16 steps each" in lab.reduced
    assert lab.recorded == loop(net(), smaller[:16])
    assert lab.trial(Variant("x3", rate=3)).losses == loop(net(), smaller[:16], rate=0.1 * 3)
    backwards = lab.trial(Variant("backwards", batches=lambda given: given[::-1]))
    assert backwards.losses == loop(net(), smaller[15::-1])
    assert all(map(torch.equal, lab.batches[3], smaller[3]))
    assert len(lab.scores) == 16
    assert lab.batch_size == BATCH


def test_where_a_step_has_several_batches_it_has_fewer_steps(experiments):
    lab = dear(experiments[2], ONE / 4.5)
    assert lab.steps == 4
    assert "first 4 steps" in lab.reduced


@pytest.mark.parametrize("topic", ["learning", "cross-entropy", "zero-grad", "batch", "sequential"])
def test_an_answer_says_what_was_made_smaller(experiments, topic):
    lab = dear(experiments[1], ONE / 9)
    answer = answered(catalogue()[topic], lab.experiment)
    assert answer.says == ""
    assert answer.replay.startswith("Replay equals the run: the losses of steps 1 to 20")
    assert answer.replay.endswith("as recorded is the loop unchanged on these.")


def test_a_busy_machine_has_the_same_time_to_work(monkeypatch):
    worked, wall = [0.0], [0.0]
    monkeypatch.setattr(budgets.time, "thread_time", lambda: worked[0])
    monkeypatch.setattr(budgets.time, "monotonic", lambda: wall[0])
    budget = Budget(10)
    worked[0], wall[0] = 4.0, 12.0
    assert budget.left == 6
    wall[0] = 45.0
    assert budget.left == 1
    wall[0] = 1e9
    assert budget.left == 0


def test_steps_that_cannot_be_verified_in_time_are_taken_off(tmp_path):
    with gd.watch(tmp_path / "run", moments=True, quiet=True) as run:
        losses = loop(net(), batches())
    (moment,) = run.watcher.moments.kept
    assert verify(moment, seconds=0)
    assert moment.losses == losses[:1]
    assert 0 < moment.cost < 10
