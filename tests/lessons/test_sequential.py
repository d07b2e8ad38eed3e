"""What is said of Sequential is what PyTorch does."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import nn

from goingdeep.models.mlp import mlp
from goingdeep.why.catalogue import catalogue
from goingdeep.why.lab import Lab
from goingdeep.why.lesson import NotHereError


@pytest.fixture
def found(measured):
    return measured("sequential")


def test_every_layer_is_counted(found):
    assert [row.parameters for row in found.rows] == [
        0,
        784 * 512 + 512,
        0,
        512 * 512 + 512,
        0,
        5130,
    ]
    assert [row.multiply_adds for row in found.rows] == [0, 784 * 512, 0, 512 * 512, 0, 5120]
    assert (found.rows[1].given, found.rows[1].gave) == ("f32[64,784]", "f32[64,512]")


def test_multiply_adds_of_a_convolution(measured):
    rows = measured("sequential", "sensitive").rows
    assert rows[0].multiply_adds == 28 * 28 * 8 * 9


def test_two_linear_layers_are_one_matrix(trained, found):
    torch.manual_seed(0)
    model, images = mlp(1, 28, 28, 10), trained.moment.batches()[0][0]
    with torch.no_grad():
        x = model[0](images)
        two = model[3](model[1](x))
        one = (
            x @ (model[3].weight @ model[1].weight).T
            + model[3].weight @ model[1].bias
            + model[3].bias
        )
        apart = float((one - two).abs().max() / two.abs().max())
    assert found.collapse.apart == pytest.approx(apart, abs=1e-6)
    assert found.collapse.apart < 1e-5 < found.collapse.with_activation


def test_the_order_matters(found):
    assert found.reversed.error.startswith("RuntimeError: ")


def test_the_verdicts_of_the_quickstart(found, verdicts):
    assert verdicts("sequential", found) == ["true", "half true", "half true"]


def test_a_model_without_one_says_so(train):
    class Plain(nn.Module):
        def __init__(self):
            super().__init__()
            self.only = nn.Linear(784, 10)

        def forward(self, x):
            return self.only(x.flatten(1))

    lab = Lab(train(Plain(), steps=3).experiment)
    with lab.alone(), pytest.raises(NotHereError, match=r"has no nn\.Sequential"):
        catalogue()["sequential"].lesson().measure(lab)


@pytest.mark.parametrize(
    ("change", "claim", "verdict"),
    [
        ({"same": False}, 0, "false"),
        ({"affine": {"negative": 0.0}}, 1, "true"),
        ({"affine": {"by_hand": 1.0}}, 1, "not measured"),
        ({"collapse": {"apart": 0.5}}, 2, "true"),
        ({"collapse": {"apart": 1e-7, "with_activation": 1e-7}}, 2, "false"),
        ({"collapse": None}, 2, "not measured"),
    ],
)
def test_another_fact_is_another_verdict(found, verdicts, change, claim, verdict):
    for name, inner in change.items():
        value = (
            dataclasses.replace(getattr(found, name), **inner) if isinstance(inner, dict) else inner
        )
        found = dataclasses.replace(found, **{name: value})
    assert verdicts("sequential", found)[claim] == verdict


def test_activations_before_their_layers_are_that_loop(trained, found):
    torch.manual_seed(0)
    flat, one, bend, two, bend2, three = mlp(1, 28, 28, 10)
    model = nn.Sequential(flat, bend, one, bend2, two, three)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3 * found.pace.factor)
    losses = []
    for images, labels in trained.moment.batches():
        loss = nn.functional.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    assert found.swapped.losses == losses


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.path = nn.Sequential(nn.Linear(784, 784), nn.ReLU())

    def forward(self, x):
        return x + self.path(x)


class Reshaping(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(784, 32), nn.ReLU(), nn.Linear(32, 10))

    def forward(self, x):
        return self.layers(x.flatten(1))


def test_a_residual_is_more_than_its_layers(train):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), Residual(), nn.Linear(784, 10))
    twin = nn.Sequential(nn.Flatten(), Residual())
    twin.load_state_dict(model[:2].state_dict())
    run = train(model, steps=3, rate=0.0)
    lab = Lab(run.experiment)
    with lab.alone():
        found = catalogue()["sequential"].lesson().measure(lab).branch
    x = run.moment.batches()[0][0].flatten(1)
    with torch.no_grad():
        path, whole = twin[1].path(x), twin[1](x)
    assert (found.layer, found.own, found.error) == ("1 Residual", True, "")
    assert found.apart == pytest.approx(float((path - whole).norm() / whole.norm()), rel=1e-5)


def test_a_forward_that_reshapes_is_more_than_its_layers(train):
    lab = Lab(train(Reshaping(), steps=3).experiment)
    with lab.alone():
        found = catalogue()["sequential"].lesson().measure(lab).branch
    assert (found.layer, found.own) == ("Reshaping", True)
    assert found.error.startswith("RuntimeError: mat1 and mat2 shapes cannot be multiplied")


def test_an_activation_that_never_bends_turns_the_verdict(train, verdicts):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 8), nn.ReLU(), nn.Linear(8, 10))
    with torch.no_grad():
        model[1].bias += 50
    lab = Lab(train(model, steps=3).experiment)
    with lab.alone():
        found = catalogue()["sequential"].lesson().measure(lab)
    assert verdicts("sequential", found)[2] == "false"
