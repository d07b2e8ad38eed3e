"""What no-grad counts is what PyTorch keeps; its verdicts follow from it."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import nn

from goingdeep.why.lessons.no_grad.measured import Saved


@pytest.fixture
def found(measured):
    return measured("no-grad")


def test_what_is_kept_is_counted_by_hand():
    """A linear layer keeps its input for the weight's gradient; ReLU keeps its output."""
    first, second = nn.Linear(6, 5), nn.Linear(5, 4)
    x = torch.randn(10, 6)
    saved = Saved([*first.parameters(), *second.parameters(), x])
    with saved.counted():
        out = second(torch.relu(first(x)))
    assert saved.bytes == 10 * 5 * 4  # one tensor, kept by ReLU and by the second layer
    del out
    assert saved.bytes == 0


def test_under_no_grad_nothing_is_kept(found):
    assert [way.nodes > 0 for way in found.ways] == [True, True, False, False]
    assert [way.bytes > 0 for way in found.ways] == [True, True, False, False]
    assert [way.requires_grad for way in found.ways] == [True, True, False, False]
    # Two hidden layers of 512, each kept once, and the copy of the flattened images.
    images = 64
    assert found.ways[1].bytes in (images * 512 * 4 * 2, images * (512 * 2 + 784) * 4)


def test_a_kept_loss_keeps_its_graph(found):
    kept, freed = found.alive.values()
    assert kept == sorted(kept)
    assert kept[-1] >= 10 * (kept[0] - 1)
    assert freed[-1] == 0


def test_the_verdicts_of_the_quickstart(found, verdicts):
    assert verdicts("no-grad", found) == ["false", "false", "true"]
    assert found.sensitive == []
    assert not found.training_mode


def test_the_verdicts_of_a_model_with_dropout_and_batchnorm(measured, verdicts):
    found = measured("no-grad", "sensitive")
    assert found.sensitive == ["BatchNorm2d", "Dropout"]
    assert found.training_mode
    assert found.changed == (0, 3)
    assert verdicts("no-grad", found) == ["false", "half true", "true"]


@pytest.mark.parametrize(
    ("change", "claim", "verdict"),
    [
        ({"changed": (4, 4)}, 1, "true"),
        ({"changed": (0, 2)}, 1, "half true"),
    ],
)
def test_another_fact_is_another_verdict(found, verdicts, change, claim, verdict):
    assert verdicts("no-grad", dataclasses.replace(found, **change))[claim] == verdict


def test_were_they_the_same_it_would_be_said(found, verdicts):
    ways = [found.ways[0], found.ways[2], found.ways[2], found.ways[3]]
    changed = verdicts("no-grad", dataclasses.replace(found, ways=ways))
    assert (changed[0], changed[2]) == ("true", "false")
