"""Whatever a loop is like, no topic ends by a fault of ours, and what cannot be done is said."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import goingdeep as gd
from goingdeep.show.answer import answer_text
from goingdeep.why.answering import answered
from goingdeep.why.catalogue import catalogue
from goingdeep.why.experiment import Bound
from goingdeep.why.program import of_watcher

pytestmark = pytest.mark.usefixtures("one_thread")

TOPICS = [topic for topic in catalogue() if topic not in {"underneath", "dataset"}]
"""Without those that start processes."""


def draw(*shape: int) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(1))


def labels(*shape: int) -> torch.Tensor:
    return torch.randint(0, 4, shape, generator=torch.Generator().manual_seed(2))


def convolutions() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 4)
    )  # fmt: skip


def frozen() -> nn.Sequential:
    model = convolutions()
    model[4].requires_grad_(requires_grad=False)
    return model


def dense() -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(inplace=True), nn.Conv2d(4, 4, 1))


class Words(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.words, self.layer = nn.Embedding(20, 8), nn.Linear(8, 4)

    def forward(self, x):
        return self.layer(self.words(x).mean(1))


class Printing(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(5, 4)

    def forward(self, x):
        print("forward")
        return {"scores": self.layer(x)}


LOOPS = {
    "one sample": (convolutions, draw(40, 3, 8, 8), labels(40), 1, F.cross_entropy),
    "a short last batch": (convolutions, draw(40, 3, 8, 8), labels(40), 13, F.cross_entropy),
    "not a number": (lambda: nn.Linear(5, 4), draw(40, 5) * math.nan, labels(40), 8, F.cross_entropy),
    "it diverges": (lambda: nn.Linear(5, 4), draw(40, 5) * 1e20, labels(40), 8, F.cross_entropy),
    "all ignored": (lambda: nn.Linear(5, 4), draw(40, 5), labels(40) * 0 - 100, 8, F.cross_entropy),
    "words": (Words, labels(40, 7), labels(40), 8, F.cross_entropy),
    "a dictionary": (Printing, draw(40, 5), labels(40), 8, lambda o, y: F.cross_entropy(o["scores"], y)),
    "a label a pixel": (dense, draw(40, 3, 8, 8), labels(40, 8, 8), 8, F.cross_entropy),
    "an image": (dense, draw(40, 3, 8, 8), draw(40, 4, 8, 8), 8, F.l1_loss),
    "soft labels": (convolutions, draw(40, 3, 8, 8), draw(40, 4).softmax(1), 8, F.cross_entropy),
    "the last layer frozen": (frozen, draw(40, 3, 8, 8), labels(40), 8, F.cross_entropy),
    "no axis of samples": (lambda: nn.Linear(5, 4), draw(40, 5), labels(40), 0, F.cross_entropy),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", LOOPS)
def test_no_fault_of_ours(name, tmp_path, capfd):
    make, x, y, size, loss_fn = LOOPS[name]
    torch.manual_seed(0)
    model = make()
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(trained, lr=0.1)
    batches = DataLoader(TensorDataset(x, y), size) if size else zip(x, y, strict=True)
    with gd.watch(tmp_path / "run", moments=True, quiet=True) as run:
        for i, (inputs, targets) in enumerate(batches):
            if name == "one sample" and i == 12:
                break
            if size and len(inputs) == 1 and name == "a short last batch":
                break  # BatchNorm has no variance of one number a channel
            optimizer.zero_grad()
            loss_fn(model(inputs), targets).backward()
            optimizer.step()
    experiment = of_watcher(run.watcher, Bound())
    assert experiment.moment is not None, experiment.reason
    capfd.readouterr()
    for topic in TOPICS:
        found = answered(catalogue()[topic], experiment)
        assert found.fault == "", topic
        assert not found.says.startswith("run as the experiment needs it"), (topic, found.says)
        assert answer_text(found, 80)
    assert capfd.readouterr() == ("", "")
