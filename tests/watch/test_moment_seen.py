"""The loops of test_moment.py as the real watcher sees them: the same moments, the same bits."""

from __future__ import annotations

import contextlib

import pytest
import torch
import torch.nn.functional as F
from tests.watch.test_moment import LOOPS, batches, cnn, mlp, numbers, seed, sgd
from torch import nn

from goingdeep.watch.moments.recorded import Clip, Unscale
from goingdeep.watch.moments.replay import replay, verify
from goingdeep.watch.watcher import Watcher

pytestmark = pytest.mark.usefixtures("one_thread")


@contextlib.contextmanager
def watched():
    watcher = Watcher(moments=True)
    watcher.start()
    try:
        yield watcher
    finally:
        watcher.stop()


def recorded(loop):
    seed()
    with watched() as watcher:
        seen = numbers(loop())
    return watcher, seen


def scaled_without_unscale():
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, foreach=False)
    scaler = torch.amp.GradScaler("cpu", init_scale=1000.0)
    for x, y in batches():
        loss = F.cross_entropy(model(x), y)
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        optimizer.zero_grad()
        yield [loss]


def evaluated_in_training_mode(how):
    """What many forget: `no_grad` alone does not keep BatchNorm's statistics where they are."""
    model = nn.Sequential(nn.Linear(5, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 4))
    optimizer = sgd(model)
    for i, (x, y) in enumerate(batches()):
        if i == 2:
            with how():
                for test, _ in batches(3):
                    model(test)
        if i == 4:
            model.eval()  # from here on the statistics count
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        yield [loss]


def evaluated_before_the_first_step():
    model = cnn()
    optimizer = sgd(model)
    with torch.no_grad():
        for x, _ in batches(3, 6, 1, 8, 8):
            model(x)
    for x, y in batches(3, 6, 1, 8, 8):
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        yield [loss]


SEEN = LOOPS | {
    "scaled_without_unscale": scaled_without_unscale,
    "evaluated_in_training_mode": lambda: evaluated_in_training_mode(torch.no_grad),
    "inferred_in_training_mode": lambda: evaluated_in_training_mode(torch.inference_mode),
    "evaluated_before_the_first_step": evaluated_before_the_first_step,
}


@pytest.mark.parametrize("name", SEEN)
def test_what_the_watcher_sees_can_be_replayed(name):
    watcher, seen = recorded(SEEN[name])
    assert watcher.recorder.gaps == []
    assert watcher.moments is not None
    (moment,) = watcher.moments.kept
    assert moment.values == seen
    assert verify(moment), moment.reason
    assert replay(moment).values == seen


def test_clipping_by_value_and_unscaling_are_part_of_the_moment():
    """Named one by one: without them a replay of a loop that never clips would look right."""
    seen = {}
    for name in ("groups_with_their_own_rates", "with_a_scaler", "scaled_without_unscale"):
        watcher, _ = recorded(SEEN[name])
        (moment,) = watcher.moments.kept
        seen[name] = [
            (op.how, op.limit) if isinstance(op, Clip) else op.factor
            for op in moment.steps[0].operations
            if isinstance(op, Clip | Unscale)
        ]
    factor = torch.tensor(1000.0, dtype=torch.float64).reciprocal().float().item()
    assert seen == {
        "groups_with_their_own_rates": [("value", 0.05)],
        "with_a_scaler": [factor, ("norm", 0.5)],
        "scaled_without_unscale": [factor],
    }


def one_step(model, called=None):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for x, y in batches(2):
        F.cross_entropy((called or model)(x), y).backward()
        optimizer.step()
        optimizer.zero_grad()
        yield []


@pytest.fixture
def alone(tmp_path):
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{tmp_path}/meet", rank=0, world_size=1
    )
    yield
    torch.distributed.destroy_process_group()


@pytest.mark.usefixtures("alone")
def test_a_distributed_model_is_a_gap_with_its_reason():
    watcher, _ = recorded(lambda: one_step(nn.parallel.DistributedDataParallel(mlp())))
    assert watcher.recorder.gaps == [
        ("moment", "DistributedDataParallel waits for other processes at each backward")
    ]
    assert watcher.moments.kept == []


def compiled():
    model = mlp()
    yield from one_step(model, torch.compile(model, backend="eager"))


def compiled_in_place():
    model = mlp()
    model.compile(backend="eager")
    yield from one_step(model)


@pytest.mark.parametrize(
    ("loop", "reason"),
    [
        (compiled, "OptimizedModule runs compiled code"),
        (compiled_in_place, "no model was called at the step where it was to begin"),
    ],
)
def test_a_compiled_model_is_a_gap_with_its_reason(loop, reason):
    watcher, _ = recorded(loop)
    assert ("moment", reason) in watcher.recorder.gaps
    assert watcher.moments.kept == []
