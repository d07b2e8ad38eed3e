"""What is said of batches is what a plain loop does with them."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch.nn import functional as F

from goingdeep.models.mlp import mlp
from goingdeep.why.damage import Trial
from goingdeep.why.lessons.batch.measured import Sized
from goingdeep.why.scores import Share
from tests.lessons.conftest import STEPS


@pytest.fixture
def found(measured):
    return measured("batch")


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
    return losses


def everything(trained):
    return [torch.cat(parts) for parts in zip(*trained.moment.batches(), strict=True)]


def test_labels_in_order_is_that_loop(trained, found):
    images, labels = everything(trained)
    order = labels.argsort(stable=True)
    batches = list(zip(images[order].split(64), labels[order].split(64), strict=True))
    assert found.ordered.losses == loop(batches, 1e-3 * found.pace.factor)
    assert found.distinct[1] < 2 < found.distinct[0]


def test_one_large_batch_is_that_loop(trained, found):
    images, labels = everything(trained)
    assert found.samples == len(labels)
    largest = found.sizes[-1]
    assert (largest.size, largest.steps, largest.samples) == (len(labels), 1, len(labels))
    assert largest.trial.losses == loop([(images, labels)], 1e-3 * found.pace.factor)


def test_the_larger_the_batch_the_better_its_direction(trained, found):
    means = [direction.mean for direction in found.directions]
    assert [direction.size for direction in found.directions] == [1, 8, 64, 512]
    assert means == sorted(means)
    assert means[-1] > 0.8


def test_the_gradient_of_all_is_pytorchs(trained):
    from goingdeep.why.lab import Lab
    from goingdeep.why.lessons.batch.measured import _gradient_of_all

    images, labels = everything(trained)
    torch.manual_seed(0)
    model = mlp(1, 28, 28, 10)
    F.cross_entropy(model(images), labels).backward()
    lab = Lab(trained.experiment)
    with lab.alone():
        ours = _gradient_of_all(lab, lab.model(), images, labels)
    for mine, parameter in zip(ours, model.parameters(), strict=True):
        assert torch.allclose(mine, parameter.grad, atol=1e-7)


SAMPLES = STEPS * 64


def sized(size, right):
    return Sized(size, 10, SAMPLES, Trial("", [1.0]), Share(right, 1000))


@pytest.mark.parametrize(
    ("change", "claim", "verdict"),
    [
        ({"sizes": [sized(1, 500), sized(64, 900), sized(4096, 500)]}, 0, "false"),
        ({"sizes": [sized(1, 500), sized(64, 600), sized(4096, 900)]}, 0, "true"),
        ({"sizes": [sized(1, 500), sized(64, 500), sized(4096, 501)]}, 0, "half true"),
        ({"mixed": Share(900, 1000), "ordered_score": Share(100, 1000)}, 1, "false"),
        ({"mixed": Share(500, 1000), "ordered_score": Share(501, 1000)}, 1, "true"),
        ({"mixed": Share(100, 1000), "ordered_score": Share(900, 1000)}, 1, "half true"),
        ({"ordered": None}, 1, "not measured"),
        ({"mixed": Share(110, 1000), "ordered_score": Share(90, 1000)}, 1, "not measured"),
        ({"sizes": [sized(1, 90), sized(64, 110), sized(4096, 100)]}, 0, "not measured"),
    ],
)
def test_another_fact_is_another_verdict(found, verdicts, change, claim, verdict):
    assert verdicts("batch", dataclasses.replace(found, **change))[claim] == verdict
