"""What is said of flatten is what PyTorch does."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import nn

from goingdeep.why.catalogue import catalogue
from goingdeep.why.lab import Lab
from goingdeep.why.scores import Share


@pytest.fixture
def found(measured):
    return measured("flatten")


def test_pixels_land_where_the_formula_says(trained, found):
    images, _ = trained.moment.batches()[0]
    flat = nn.Flatten()(images)
    assert found.after == tuple(flat.shape)
    for pixel in found.pixels:
        c, i, j = pixel.at
        assert pixel.by_hand == c * 784 + i * 28 + j
        assert (
            pixel.value == images[0, c, i, j].item() == flat[0, pixel.by_hand].item() == pixel.flat
        )


def test_the_error_without_it_is_pytorchs(trained, found):
    images, _ = trained.moment.batches()[0]
    with pytest.raises(RuntimeError) as error:
        nn.Linear(784, 512)(images)
    assert found.without.error == f"RuntimeError: {error.value}"
    assert found.without.where == "layer 1 (Linear)"


def test_mixing_makes_outputs_depend_on_each_other(found):
    mixed, own = found.depends
    assert own == 0
    assert mixed > 0.9


def test_an_mlp_does_not_care_about_the_order_of_pixels(found, verdicts):
    assert found.shuffled.end == pytest.approx(found.pace.base.trial.end, rel=0.1)
    assert verdicts("flatten", found) == ["false", "half true", "false"]


def test_a_model_that_flattens_what_it_has_permuted_copies(train, verdicts):
    class Turned(nn.Module):
        def __init__(self):
            super().__init__()
            self.flatten, self.linear = nn.Flatten(), nn.Linear(784, 10)

        def forward(self, x):
            return self.linear(self.flatten(x.transpose(2, 3)))

    torch.manual_seed(0)
    lab = Lab(train(Turned(), steps=6, rate=0.1).experiment)
    with lab.alone():
        found = catalogue()["flatten"].lesson().measure(lab)
    assert not found.shares
    assert verdicts("flatten", found)[2] == "true"


@pytest.mark.parametrize(
    ("change", "claim", "verdict"),
    [
        ({"linear": "it raised"}, 0, "true"),
        ({"back": False}, 1, "true"),
        ({"scores": (Share(900, 1000), Share(500, 1000))}, 1, "false"),
        ({"scores": (0.5, 2.0)}, 1, "false"),
        ({"scores": (0.5, 0.5)}, 1, "half true"),
        ({"shares": False}, 2, "true"),
    ],
)
def test_another_fact_is_another_verdict(found, verdicts, change, claim, verdict):
    assert verdicts("flatten", dataclasses.replace(found, **change))[claim] == verdict


def test_views_are_what_they_are_said_to_be(found):
    """64 samples of 784 numbers, each written with its own number."""
    x = torch.arange(64.0).repeat_interleave(784).reshape(64, 1, 28, 28)
    mixed = {view.written: (view.shape, view.of_several, view.parts) for view in found.views}
    assert mixed == {
        "view(64, -1)": ((64, 784), 0, 0),
        "view(-1, 392)": ((128, 392), 0, 128),
        "view(-1, 1568)": ((32, 1568), 32, 0),
        "movedim(0, -1).reshape(64, -1)": ((64, 784), 64, 0),
    }
    assert len(x.view(-1, 1568)[3].unique()) == 2
    assert len(x.movedim(0, -1).reshape(64, -1)[3].unique()) == 64


def test_the_loss_counts_rows(found):
    assert "Expected input batch_size (128) to match target batch_size (64)" in found.rows.error
