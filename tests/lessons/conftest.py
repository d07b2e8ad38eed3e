"""Real trainings, watched, each with a moment to replay."""

from __future__ import annotations

import hashlib
import itertools
import random
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import goingdeep as gd
from goingdeep.data import load
from goingdeep.models.mlp import mlp
from goingdeep.record.answer import Answer
from goingdeep.record.reading import read_processes
from goingdeep.watch.moments.replay import verify
from goingdeep.why.answering import answered
from goingdeep.why.catalogue import Page, catalogue
from goingdeep.why.experiment import Bound, Experiment
from goingdeep.why.lab import Lab
from goingdeep.why.lesson import Lesson
from goingdeep.why.lessons.underneath import measured as underneath
from goingdeep.why.lessons.underneath.measured import run_all

STEPS = 24


@pytest.fixture(autouse=True)
def _one_thread(one_thread) -> None:
    pass


@pytest.fixture(scope="session", autouse=True)
def _frameworks_that_are_always_run():
    """Elsewhere `underneath` runs as many as there is time for: another number on each machine.

    Here it is the plain loop, one framework and one forgetful one. What the programs of all others
    end with is tested in tests/foreign.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(underneath, "run_all", lambda _: run_all(0))
        yield


class Trained:
    """The user's own objects after a training, and the experiment that was made of it."""

    def __init__(
        self, folder, model, data, tests, *, loss=None, rate=1e-3, momentum=0.0, steps=STEPS,
        batch=64, train=None,
    ) -> None:  # fmt: skip
        torch.manual_seed(1)
        self.model = model
        self.optimizer = torch.optim.SGD(model.parameters(), lr=rate, momentum=momentum)
        self.loader = DataLoader(data, batch_size=batch, shuffle=True)
        loss = loss or nn.CrossEntropyLoss()
        with gd.watch(folder, moments=True) as run:
            watcher = run._run.watcher
            watcher.moments._length = steps
            (train or _train)(self, loss, steps)
        (self.moment,) = watcher.moments.kept
        assert verify(self.moment), self.moment.reason
        self.path = folder
        self.experiment = Experiment(
            read_processes(folder)[0], self.moment, tests=tests, loader=self.loader,
            name="run", bound=Bound(steps=steps),
        )  # fmt: skip


def _train(self, loss_fn, steps) -> None:
    """As the quickstart has it."""
    self.model.train()
    endless = itertools.chain.from_iterable(itertools.repeat(self.loader))
    for inputs, targets in itertools.islice(endless, steps + 1):
        loss = loss_fn(self.model(inputs), targets)
        loss.backward()
        self.optimizer.step()
        self.optimizer.zero_grad()


@pytest.fixture(scope="session")
def images():
    found = load("fashion-mnist-sample")

    def part(part, count):
        pixels = torch.from_numpy(part.images[:count].copy()).float() / 255
        return TensorDataset(pixels, torch.from_numpy(part.labels[:count].copy()))

    return part(found.train, 2_000), part(found.test, 500)


@pytest.fixture(scope="session")
def train(tmp_path_factory, images):
    """train(model, **settings) -> Trained, on the sample."""

    def make(model, *, data=None, tests=None, **settings) -> Trained:
        before = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            tests = tuple(DataLoader(tests or images[1], batch_size=250))
            folder = tmp_path_factory.mktemp("run") / "run"
            return Trained(folder, model, data or images[0], tests, **settings)
        finally:
            torch.set_num_threads(before)

    return make


@pytest.fixture(scope="session")
def trained(train) -> Trained:
    """The quickstart's network and setting."""
    torch.manual_seed(0)
    return train(mlp(1, 28, 28, 10))


@pytest.fixture(scope="session")
def sensitive(train) -> Trained:
    """A model with Dropout and BatchNorm, at a rate at which it learns."""
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(4),
        nn.Flatten(), nn.Dropout(0.3), nn.Linear(8 * 49, 10),
    )  # fmt: skip
    return train(model, rate=0.05, momentum=0.9)


@pytest.fixture(scope="session")
def regression(train) -> Trained:
    """No classes and no images: two layers, mean squared error."""
    torch.manual_seed(0)
    inputs = torch.randn(512, 6)
    targets = inputs.sum(1, keepdim=True) + 0.1 * torch.randn(512, 1)
    data = TensorDataset(inputs, targets)
    model = nn.Sequential(nn.Linear(6, 16), nn.Tanh(), nn.Linear(16, 1))
    return train(model, data=data, tests=data, loss=nn.MSELoss(), rate=0.05)


def _hash(*things) -> str:
    digest = hashlib.sha256()
    for thing in things:
        if isinstance(thing, torch.Tensor):
            digest.update(thing.detach().numpy().tobytes())
        elif isinstance(thing, dict):
            digest.update(
                _hash(*(part for pair in sorted(thing.items(), key=str) for part in pair)).encode()
            )
        elif isinstance(thing, list | tuple):
            digest.update(_hash(*thing).encode())
        else:
            digest.update(repr(thing).encode())
    return digest.hexdigest()


def state_of(trained: Trained) -> list[object]:
    """All that is the user's or the process's."""
    gradients = [p.grad for p in trained.model.parameters()]
    files = {
        path.relative_to(trained.path).as_posix(): path.read_bytes()
        for path in trained.path.rglob("*")
        if path.is_file()
    }
    generators = (torch.get_rng_state(), np.random.get_state()[1].tolist(), random.getstate())  # noqa: NPY002
    modes = [part.training for part in trained.model.modules()]
    return [
        _hash(trained.model.state_dict()), _hash(trained.optimizer.state_dict()), _hash(gradients),
        _hash(modes), _hash(files), _hash(list(generators)), _hash(trained.moment.values),
        _hash([list(batch) for batch in trained.moment.batches()]),
        _hash([module.state_dict() for module in trained.moment.modules]),
        torch.get_num_threads(), torch.is_grad_enabled(),
    ]  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """An answer, the numbers it was made of, and the state before and after it was worked out."""

    answer: Answer
    numbers: Any
    before: list[object]
    after: list[object]


class _Listened:
    """A page whose lesson says what it measures."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.numbers: Any = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._page, name)

    def lesson(self) -> Lesson[Any]:
        lesson = self._page.lesson()

        def measure(lab: Lab) -> Any:
            self.numbers = lesson.measure(lab)
            return self.numbers

        return replace(lesson, measure=measure)


@pytest.fixture(scope="session")
def asked(request):
    """asked(topic, run): a topic on a run; worked out once, for all that is said of it."""
    kept: dict[tuple[str, str], Asked] = {}

    def of(topic: str, run: str) -> Asked:
        if (topic, run) not in kept:
            trained = request.getfixturevalue(run)
            page, before = _Listened(catalogue()[topic]), state_of(trained)
            found = answered(page, trained.experiment)
            kept[topic, run] = Asked(found, page.numbers, before, state_of(trained))
        return kept[topic, run]

    return of


@pytest.fixture(scope="session")
def measured(asked):
    """measured(topic, run): the numbers of a topic."""
    return lambda topic, run="trained": asked(topic, run).numbers


@pytest.fixture
def verdicts():
    """verdicts(topic, numbers): what each claim becomes."""

    def of(topic: str, found) -> list[str]:
        return [claim.found(found).verdict for claim in catalogue()[topic].lesson().claims]

    return of
