"""What is said of the two modes is what PyTorch does in them."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import nn

from goingdeep.why.catalogue import catalogue
from goingdeep.why.lab import Lab
from goingdeep.why.lessons.eval.lesson import see
from goingdeep.why.lessons.eval.measured import Stolen
from goingdeep.why.scores import Share


@pytest.fixture
def found(measured):
    return measured("eval")


@pytest.fixture
def two(measured):
    return measured("eval", "sensitive")


def test_a_model_without_such_layers_is_the_same_in_both(found, verdicts):
    assert (found.sensitive, found.modes, found.again, found.drift) == ([], 0, 0, 0)
    assert len({share.right for share in [found.good, *found.testing]}) == 1
    assert found.in_eval.losses == found.pace.base.trial.losses
    assert verdicts("eval", found)[:3] == ["false", "false", "true"]


def test_dropout_and_batch_norm_make_the_modes_differ(two, verdicts):
    assert [name for name, _ in two.sensitive] == ["1", "5"]
    assert two.modes > 0.01
    assert two.again > 0.01
    assert two.without == 0
    assert two.drift > 0
    assert len({share.right for share in two.testing}) > 1
    assert verdicts("eval", two)[:3] == ["false", "false", "true"]


def test_one_sample_goes_through_both_modes(sensitive, two):
    """As the batch's first row does, by hand; in eval mode nothing is random."""
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(4),
        nn.Flatten(), nn.Dropout(0.3), nn.Linear(8 * 49, 10),
    ).eval()  # fmt: skip
    images, _ = next(iter(sensitive.moment.batches()))
    with torch.no_grad():
        expected = model(images)[0].double().tolist()
    assert {i: values[2] for i, values in two.sample.items()} == pytest.approx(
        {i: expected[i] for i in two.sample}
    )
    assert len(two.sample) == 8
    assert all(train != again for train, again, _ in two.sample.values())
    shown = [block for block in see(two) if getattr(block, "head", ("",))[0] == "output"]
    assert len(shown) == 1


def test_memory_is_what_autograd_keeps(trained, found):
    """By hand for 784-512-512-10: the input, two activations; 64 samples, 4 bytes."""
    by_name = {one.name: one for one in found.passes}
    assert by_name["eval mode"].kept == 64 * 4 * (784 + 512 + 512)
    assert by_name["eval mode, no_grad"].kept == by_name["eval mode, inference_mode"].kept == 0
    assert [one.tracked for one in found.passes] == [True, True, False, False]


def test_trained_in_eval_mode_is_that_loop(sensitive, two):
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(4),
        nn.Flatten(), nn.Dropout(0.3), nn.Linear(8 * 49, 10),
    ).eval()  # fmt: skip
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05 * two.pace.factor, momentum=0.9)
    losses = []
    for images, labels in sensitive.moment.batches():
        loss = nn.functional.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    assert two.in_eval.losses == losses
    assert two.moved == two.parameters == 6


@pytest.mark.parametrize(
    ("change", "claim", "verdict"),
    [
        ({"gradient": 0.0}, 0, "true"),
        ({"moved": 0}, 1, "true"),
        ({"without": 0.2}, 2, "false"),
        ({"stolen": None}, 3, "not measured"),
        ({"stolen": Stolen(32, Share(32, 32), Share(500, 1000))}, 3, "true"),
        ({"stolen": Stolen(32, Share(16, 32), Share(500, 1000))}, 3, "half true"),
        ({"stolen": Stolen(32, 0.1, 0.9)}, 3, "true"),
    ],
)
def test_another_fact_is_another_verdict(found, verdicts, change, claim, verdict):
    assert verdicts("eval", dataclasses.replace(found, **change))[claim] == verdict


class Asking(nn.Module):
    """It asks for its mode by itself."""

    def __init__(self):
        super().__init__()
        self.only = nn.Linear(784, 10)

    def forward(self, x):
        return self.only(x.flatten(1)) * (1.5 if self.training else 1.0)


def test_a_model_that_asks_for_its_mode_turns_the_verdict(train, verdicts):
    lab = Lab(train(Asking(), steps=3).experiment)
    with lab.alone():
        found = catalogue()["eval"].lesson().measure(lab)
    assert found.sensitive == []
    assert verdicts("eval", found)[2] == "false"
