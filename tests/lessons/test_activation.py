"""Activation's numbers are PyTorch's; its verdicts follow from them."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import nn

from goingdeep.models.mlp import mlp


@pytest.fixture
def found(measured):
    return measured("activation")


def test_zeros_and_ranges_are_pytorchs(trained, found):
    torch.manual_seed(0)
    model = mlp(1, 28, 28, 10)
    images, _ = trained.moment.batches()[0]
    with torch.no_grad():
        before = model[:2](images)
        after = torch.relu(before)
    first = found.layers[0]
    assert (first.name, first.kind) == ("2", "ReLU")
    assert first.zeros == pytest.approx((after == 0).float().mean().item())
    assert first.before == pytest.approx(
        (before.min().item(), before.mean().item(), before.max().item())
    )
    assert sum(found.counts[0]) == sum(found.counts[1]) == before.numel()
    assert found.pushed.silent == int((after.amax(0) == 0).sum())


def test_identity_in_their_place_is_that_loop(trained, found):
    torch.manual_seed(0)
    model = mlp(1, 28, 28, 10)
    for i, layer in enumerate(model):
        if isinstance(layer, nn.ReLU):
            model[i] = nn.Identity()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3 * found.pace.factor)
    losses = []
    for images, labels in trained.moment.batches():
        loss = nn.functional.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    assert found.trials[0].losses == losses


def test_two_matrices_are_one(found):
    with_, without = found.bent
    assert without < 1e-5
    assert with_ > 100 * without


def test_a_sigmoid_passes_back_at_most_a_quarter(found):
    sigmoid, relu = found.stacks["Sigmoid"], found.stacks["ReLU"]
    assert len(sigmoid) == len(relu) == 12
    assert sigmoid[1] / sigmoid[-2] < 0.25**8
    assert relu[1] / relu[-2] > 0.25**8


def test_the_verdicts_of_the_quickstart(found, verdicts):
    assert verdicts("activation", found) == ["true", "true", "true", "false"]


def test_a_tanh_cannot_die_and_bends_too(measured, verdicts):
    found = measured("activation", "regression")
    assert verdicts("activation", found)[:3] == ["true", "true", "not measured"]


@pytest.mark.parametrize(
    ("change", "claim", "verdict"),
    [
        ({"bent": (0.3, 0.2)}, 1, "half true"),
        ({"bent": (float("nan"), float("nan"))}, 1, "not measured"),
        ({"stacks": {"Sigmoid": [1.0, 1.0], "ReLU": [1.0, 1.0]}}, 3, "true"),
    ],
)
def test_another_fact_is_another_verdict(found, verdicts, change, claim, verdict):
    assert verdicts("activation", dataclasses.replace(found, **change))[claim] == verdict


def test_what_is_added_to_first_is_not_taken_in_as_it_is(found, verdicts):
    first, second = found.layers
    other = dataclasses.replace(first, taken_in=False)
    assert verdicts("activation", dataclasses.replace(found, layers=[other, second]))[0] == (
        "half true"
    )
    assert verdicts("activation", dataclasses.replace(found, layers=[other]))[0] == "false"
    alive = dataclasses.replace(found.pushed, gradient=0.5)
    assert verdicts("activation", dataclasses.replace(found, pushed=alive))[2] == "false"
