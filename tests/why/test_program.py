"""A moment that was recorded while a program ran is replayed in that program's process."""

from __future__ import annotations

import hashlib

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, Dataset, TensorDataset

import goingdeep as gd
from goingdeep.explained import why
from goingdeep.watch.moments.replay import replay
from goingdeep.why.experiment import Bound
from goingdeep.why.program import of_watcher

BOUND = Bound(seconds=60)


@pytest.fixture(autouse=True)
def _alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def loaders(count: int = 96) -> tuple[DataLoader, DataLoader]:
    draw = torch.Generator().manual_seed(1)
    x = torch.randn(count + 40, 6, generator=draw)
    y = x[:, :3].argmax(1)
    train = TensorDataset(x[:count], y[:count])
    test = TensorDataset(x[count:], y[count:])
    return DataLoader(train, 8, shuffle=True), DataLoader(test, 16)


def net() -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(6, 12), nn.BatchNorm1d(12), nn.ReLU(), nn.Dropout(0.3), nn.Linear(12, 3)
    )


def training(model, train, test, epochs: int = 2, *, no_grad: bool = True):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    losses = []
    for _ in range(epochs):
        model.train()
        for x, y in train:
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            losses.append(loss.item())
        model.eval()
        with torch.set_grad_enabled(not no_grad):
            for x, _ in test:
                model(x).argmax(1)
    return losses


def content(*tensors) -> str:
    digest = hashlib.blake2b()
    for tensor in tensors:
        digest.update(tensor.detach().contiguous().numpy().tobytes())
    return digest.hexdigest()


@pytest.mark.parametrize("no_grad", [True, False])
def test_a_watch_that_has_ended_has_moment_tests_and_loader(no_grad):
    train, test = loaders()
    torch.manual_seed(0)
    with gd.watch(moments=True) as run:
        losses = training(net(), train, test, no_grad=no_grad)
    experiment = of_watcher(run.watcher, BOUND)
    assert experiment.reason == ""
    moment = experiment.moment
    assert (moment.step, len(moment.steps)) == (1, 24)
    assert replay(moment).losses == losses
    assert experiment.agrees == ("Replay equals the run: the losses of steps 1 to 24, bit for bit.")
    expected = [tensor for batch in test for tensor in batch] * 2
    given = [tensor for batch in experiment.tests for tensor in batch]
    assert all(map(torch.equal, given, expected))
    assert len(given) == len(expected)
    assert experiment.loader is train
    assert experiment.seen.steps == 24


def test_an_answer_changes_nothing_of_the_program():
    train, test = loaders()
    model = net()
    with gd.watch(moments=True) as run:
        training(model, train, test)

    def state():
        return content(*model.state_dict().values(), torch.get_rng_state()), torch.is_grad_enabled()

    before = state()
    found = why("zero-grad", run, bound=BOUND)
    assert state() == before
    assert found.answer.replayed == 24
    assert found.answer.replay.startswith("Replay equals the run")
    assert found.path == run.path.absolute() / "answers" / "zero-grad.json"
    assert found.path.is_file()


def test_within_a_watch_the_training_goes_on_as_if_nothing_had_been_asked():
    def trained(ask):
        train, test = loaders()
        torch.manual_seed(0)
        model = net()
        with gd.watch(moments=True) as run:
            first = training(model, train, test, 1)
            if ask:
                assert why("zero-grad", run, bound=BOUND).answer.replayed == 12
            second = training(model, train, test, 1)
        return first + second, content(*model.state_dict().values())

    assert trained(ask=True) == trained(ask=False)


def test_a_watch_without_moments_says_which_recording_to_make():
    with gd.watch() as run:
        training(net(), *loaders())
    assert run.watcher is None
    answer = why("zero-grad", run).answer
    assert answer.replayed == 0
    assert "moments" in answer.says
    with gd.watch() as run:
        training(net(), *loaders())
        assert why("zero-grad", run).answer.says == (
            "no moment was kept: gd.watch(moments=True) and gd run --moments keep one"
        )


def test_a_loop_that_cannot_be_replayed_says_why():
    model = nn.Linear(6, 3)
    optimizer = torch.optim.LBFGS(model.parameters(), max_iter=2)
    x, y = next(iter(loaders()[0]))

    def closure():
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        return loss

    with gd.watch(moments=True) as run:
        optimizer.step(closure)
    experiment = of_watcher(run.watcher, BOUND)
    assert experiment.moment is None
    assert experiment.reason == "LBFGS does several passes within one step"


def test_a_model_that_cannot_be_copied_says_why():
    class Open(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = net()
            self.scale = _Scale()

        def forward(self, x):
            return self.inner(x) * self.scale.by()

    with gd.watch(moments=True) as run:
        training(Open(), *loaders())
    experiment = of_watcher(run.watcher, BOUND)
    assert experiment.moment is None
    assert "Open.scale was not copied" in experiment.reason


class _Scale:
    """Not plain data: it has hold of something by slots."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 2.0

    def by(self) -> float:
        return self.value


class Pictures(Dataset):
    """A dataset of one's own, whose items are dictionaries."""

    def __init__(self, count: int) -> None:
        self.x = torch.rand(count, 1, 8, 8)

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, i):
        return {"image": self.x[i], "label": i % 3}


def test_batches_that_are_dictionaries_and_a_model_of_ones_own():
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(64, 3)

        def forward(self, image):
            return self.layer(image.flatten(1))

    model = Model()
    optimizer = torch.optim.Adam(model.parameters())
    test = DataLoader(Pictures(12), 6)
    with gd.watch(moments=True) as run:
        for batch in DataLoader(Pictures(24), 4):
            F.cross_entropy(model(batch["image"]), batch["label"]).backward()
            optimizer.step()
            optimizer.zero_grad()
        with torch.inference_mode():
            for batch in test:
                model(batch["image"])
    experiment = of_watcher(run.watcher, BOUND)
    assert len(experiment.moment.steps) == 6
    (x, y), (x2, y2) = experiment.tests
    assert torch.equal(torch.cat([x, x2]), test.dataset.x)
    assert torch.cat([y, y2]).tolist() == [0, 1, 2] * 4


def test_what_is_kept_of_evaluations_is_bounded(monkeypatch):
    from goingdeep.watch.moments import evaluated

    monkeypatch.setattr(evaluated, "BYTES", 2 * 16 * (6 * 4 + 8))
    with gd.watch(moments=True) as run:
        training(net(), *loaders())
    assert 1 <= len(of_watcher(run.watcher, BOUND).tests) <= 3
