"""The verdicts of zero-grad follow from what is measured, and what is measured is what PyTorch does."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import nn

from goingdeep.why.catalogue import catalogue
from goingdeep.why.lab import Lab


@pytest.fixture
def found(measured):
    return measured("zero-grad")


def test_the_gradient_is_pytorchs(trained, found):
    """By a loop with nothing of ours in it."""
    torch.manual_seed(0)
    from goingdeep.models.mlp import mlp

    model = mlp(1, 28, 28, 10)
    images, labels = trained.moment.batches()[0]
    norms = []
    for _ in range(2):
        nn.functional.cross_entropy(model(images), labels).backward()
        norms.append(sum(float(p.grad.double().square().sum()) for p in model.parameters()) ** 0.5)
    assert found.norm_once == pytest.approx(norms[0], rel=1e-6)
    assert found.norm_twice == pytest.approx(norms[1], rel=1e-6)


def test_the_sums_are_those_of_a_loop_that_forgets(trained, found):
    torch.manual_seed(0)
    from goingdeep.models.mlp import mlp

    model = mlp(1, 28, 28, 10)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    losses, used = [], []
    for images, labels in trained.moment.batches():
        loss = nn.functional.cross_entropy(model(images), labels)
        loss.backward()
        used.append(sum(float(p.grad.double().square().sum()) for p in model.parameters()) ** 0.5)
        optimizer.step()
        losses.append(loss.item())
    assert found.never.losses == losses
    assert found.used == pytest.approx(used, rel=1e-6)


def test_the_verdicts_of_the_quickstart(found, verdicts):
    assert verdicts("zero-grad", found)[:2] == ["true", "false"]
    assert verdicts("zero-grad", found)[2] in {"half true", "false"}
    assert found.moved == 0
    assert found.apart < 1e-5


@pytest.mark.parametrize(
    ("change", "claim", "verdict"),
    [
        ({"right": False}, 0, "false"),
        ({"norm_once": 1.0, "norm_twice": 1.0}, 1, "true"),
        ({"norm_once": 1.0, "norm_twice": 1.5}, 1, "not measured"),
        ({"along": [1.0, 1.0], "used": [1.0, 2.0], "fresh": [1.0, 1.0]}, 2, "true"),
        ({"along": [1.0, 0.7], "used": [1.0, 2.0], "fresh": [1.0, 1.0]}, 2, "half true"),
        ({"along": [1.0, 0.2], "used": [1.0, 2.0], "fresh": [1.0, 1.0]}, 2, "false"),
        (
            {"along": [1.0, float("nan")], "used": [1.0, float("inf")], "fresh": [1.0, 1.0]},
            2,
            "false",
        ),
        ({"along": [], "used": [], "fresh": []}, 2, "not measured"),
    ],
)
def test_another_fact_is_another_verdict(found, verdicts, change, claim, verdict):
    assert verdicts("zero-grad", dataclasses.replace(found, **change))[claim] == verdict


def test_a_loop_that_accumulates_still_needs_its_gradients(train, verdicts):
    """Where a loop clears every second step only, clearing after each one changes it."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))

    def sometimes(self, loss_fn, steps):
        for i, (inputs, targets) in enumerate(self.loader):
            loss_fn(self.model(inputs), targets).backward()
            self.optimizer.step()
            if i % 2:
                self.optimizer.zero_grad()
            if i > steps:
                break

    lab = Lab(train(model, rate=0.1, train=sometimes).experiment)
    with lab.alone():
        measured = catalogue()["zero-grad"].lesson().measure(lab)
    assert not measured.right
    assert verdicts("zero-grad", measured)[0] == "false"
