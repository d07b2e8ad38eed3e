"""Cross-entropy's numbers are PyTorch's and scikit-learn's; its verdicts follow from them."""

from __future__ import annotations

import dataclasses
import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from goingdeep.models.mlp import mlp
from goingdeep.why.lessons.cross_entropy.measured import Distances
from goingdeep.why.scores import Share


@pytest.fixture
def found(measured):
    return measured("cross-entropy")


def test_one_sample_by_hand(found):
    from sklearn.metrics import log_loss

    assert found.by_hand == pytest.approx(found.pytorch, abs=1e-5)
    assert found.by_hand == pytest.approx(
        log_loss([found.label], [found.probabilities], labels=range(10)), abs=1e-5
    )
    assert found.gradient == pytest.approx(found.expected, abs=1e-6)
    assert sum(found.gradient) == pytest.approx(0, abs=1e-6)


def test_it_is_the_batchs_most_surprising_sample(trained, found):
    torch.manual_seed(0)
    images, labels = trained.moment.batches()[0]
    losses = F.cross_entropy(mlp(1, 28, 28, 10)(images), labels, reduction="none")
    assert found.pytorch == pytest.approx(losses.max().item(), rel=1e-6)
    assert found.batch == pytest.approx(trained.moment.losses[0], rel=1e-6)
    assert found.geometric == pytest.approx(math.exp(-trained.moment.losses[0]), rel=1e-5)


def test_the_moment_trained_by_squared_error_is_that_loop(trained, found):
    torch.manual_seed(0)
    model = mlp(1, 28, 28, 10)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3 * found.pace.factor)
    losses = []
    for images, labels in trained.moment.batches():
        outputs = model(images)
        losses.append(F.cross_entropy(outputs, labels).item())
        wanted = F.one_hot(labels, 10).float()
        (outputs.softmax(1) - wanted).square().sum(1).mean().backward()
        optimizer.step()
        optimizer.zero_grad()
    assert found.trials[0].losses == losses


def test_the_pull_of_a_sure_mistake(found):
    """Cross-entropy's is 1 - p; squared error's fades with p: known by hand for two classes."""
    assert [pull.cross_entropy for pull in found.pulls] == pytest.approx(
        [1 - pull.right for pull in found.pulls], rel=1e-6
    )
    assert found.pulls[-1].squared < found.pulls[0].squared / 100


def test_the_verdicts_of_the_quickstart(found, verdicts):
    assert verdicts("cross-entropy", found)[:3] == ["false", "false", "false"]
    assert found.perfect == pytest.approx(math.log(math.e + 9) - 1, abs=1e-6)
    assert found.single == 0


@pytest.mark.parametrize(
    ("change", "claim", "verdict"),
    [
        ({"distances": Distances((0.4, 0.4), (0.1, 0.1), (1.0, 1.0))}, 0, "true"),
        ({"perfect": 0.0}, 1, "true"),
        ({"slopes": {"cross-entropy": 1.0, "squared error": 0.0}}, 2, "true"),
        ({"single": 0.5}, 3, "false"),
    ],
)
def test_another_fact_is_another_verdict(found, verdicts, change, claim, verdict):
    assert verdicts("cross-entropy", dataclasses.replace(found, **change))[claim] == verdict


@pytest.mark.parametrize(
    ("ours", "theirs", "verdict"),
    [(900, 500, "true"), (900, 901, "half true"), (500, 900, "half true")],
)
def test_the_better_loss_is_the_one_that_got_more_right(found, verdicts, ours, theirs, verdict):
    shares = {found.pace.base.trial.name: Share(ours, 1000), "squared error": Share(theirs, 1000)}
    assert verdicts("cross-entropy", dataclasses.replace(found, shares=shares))[3] == verdict


def test_scores_beyond_what_e_to_the_power_can_hold(train, verdicts):
    from goingdeep.why.catalogue import catalogue
    from goingdeep.why.lab import Lab

    class Loud(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))

        def forward(self, x):
            return 1e5 * self.body(x)

    lab = Lab(train(Loud(), steps=4).experiment)
    with lab.alone():
        found = catalogue()["cross-entropy"].lesson().measure(lab)
    assert found.by_hand == pytest.approx(found.pytorch, rel=1e-5)
    assert len(verdicts("cross-entropy", found)) == 4
