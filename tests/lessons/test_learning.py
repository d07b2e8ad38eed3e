"""Learning's numbers are those of a loop with nothing of ours in it; its verdicts follow from them."""

from __future__ import annotations

import dataclasses
import itertools
import math
import re

import pytest
import torch
from torch.nn import functional as F

from goingdeep.models.mlp import mlp
from goingdeep.why.lessons.learning.measured import FEW, Judge, Likelihood


@pytest.fixture
def found(measured):
    return measured("learning")


def loop(batches, rate):
    torch.manual_seed(0)
    model = mlp(1, 28, 28, 10)
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    losses = []
    for images, labels in batches:
        loss = F.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    return losses, model


def test_one_step_is_pytorchs(trained, found):
    batches = trained.moment.batches()
    _, model = loop(batches[:1], 1e-3)
    with torch.no_grad():
        after = F.cross_entropy(model(batches[0][0]), batches[0][1]).item()
    assert (found.before, found.after) == (trained.moment.losses[0], after)
    assert found.numbers == sum(p.numel() for p in model.parameters())
    assert found.after < found.before


def test_one_weight_by_hand_ends_where_pytorch_does(trained, found):
    _, model = loop(trained.moment.batches()[:1], 1e-3)
    line, last = found.weight
    name, row, column = re.match(r"(\S+)\[(\d+),(\d+)\]: ", line).groups()
    after = dict(model.named_parameters())[name][int(row), int(column)].item()
    assert torch.tensor(float(last.removeprefix("PyTorch "))).item() == after
    assert float(line.rpartition(" = ")[2]) == pytest.approx(after, rel=1e-6)


def test_momentum_and_adam_are_worked_too(measured, train):
    from goingdeep.why.catalogue import catalogue
    from goingdeep.why.lab import Lab

    assert any("momentum" in line for line in measured("learning", "sensitive").weight)

    def adam(self, loss_fn, steps):
        optimizer = torch.optim.Adam(self.model.parameters())
        for inputs, targets in itertools.islice(self.loader, steps + 1):
            optimizer.zero_grad()
            loss_fn(self.model(inputs), targets).backward()
            optimizer.step()

    torch.manual_seed(0)
    lab = Lab(
        train(
            torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 10)), train=adam, steps=4
        ).experiment
    )
    with lab.alone():
        lines = catalogue()["learning"].lesson().measure(lab).weight
    assert any(line.startswith("mean of squares") for line in lines)
    assert not any(line.startswith("these numbers give") for line in lines)


def test_a_rate_far_too_high_is_that_loop(trained, found):
    assert found.trials[2].losses == loop(trained.moment.batches(), 1e-3 * 100)[0]


def test_learned_by_heart_is_that_loop(trained, found):
    (images, labels), *_ = batches = trained.moment.batches()
    handful = (images[:FEW], labels[:FEW])
    _, model = loop([handful] * len(batches), 1e-3 * found.pace.factor)
    with torch.no_grad():
        loss = F.cross_entropy(model(handful[0]), handful[1]).item()
    assert found.few_loss == pytest.approx(loss, rel=1e-6)


def test_the_verdicts_of_the_quickstart(found, verdicts):
    assert verdicts("learning", found)[:2] == ["true", "true"]
    assert found.likelihood.geometric == pytest.approx(math.exp(-found.recorded[0]), rel=1e-5)


def test_a_smoothed_loss_is_not_the_likelihood_alone(train, verdicts):
    from goingdeep.why.catalogue import catalogue
    from goingdeep.why.lab import Lab

    torch.manual_seed(0)
    loss = torch.nn.CrossEntropyLoss(label_smoothing=0.3)
    lab = Lab(train(mlp(1, 28, 28, 10), loss=loss, rate=0.1, steps=8).experiment)
    with lab.alone():
        found = catalogue()["learning"].lesson().measure(lab)
    assert verdicts("learning", found)[1] == "half true"


@pytest.mark.parametrize(
    ("change", "claim", "verdict"),
    [
        ({"end": Judge(9.9, None)}, 0, "half true"),
        ({"trials": "no step falls"}, 0, "false"),
        ({"likelihood": Likelihood(10, 2.0, 2.5, 0.1)}, 1, "half true"),
        ({"likelihood": None}, 1, "not measured"),
        (
            {"few_loss": 0.1, "end_loss": 0.5, "few": Judge(2.0, None), "end": Judge(0.6, None)},
            2,
            "false",
        ),
        (
            {"few_loss": 0.1, "end_loss": 0.5, "few": Judge(0.5, None), "end": Judge(0.6, None)},
            2,
            "true",
        ),
        (
            {"few_loss": 0.7, "end_loss": 0.5, "few": Judge(2.0, None), "end": Judge(0.6, None)},
            2,
            "half true",
        ),
    ],
)
def test_another_fact_is_another_verdict(found, verdicts, change, claim, verdict):
    if "trials" in change:
        still = dataclasses.replace(found.trials[0], losses=[0.0] * len(found.recorded))
        change = {"trials": [still, *found.trials[1:]]}
    assert verdicts("learning", dataclasses.replace(found, **change))[claim] == verdict


def test_a_rate_of_zero_moves_nothing(train, verdicts):
    from goingdeep.why.catalogue import catalogue
    from goingdeep.why.lab import Lab

    lab = Lab(train(mlp(1, 28, 28, 10), rate=0.0, steps=3).experiment)
    with lab.alone():
        found = catalogue()["learning"].lesson().measure(lab)
    assert found.moved == 0
    assert verdicts("learning", found)[0] == "not measured"
