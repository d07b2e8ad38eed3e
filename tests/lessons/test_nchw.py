"""What is said of the axes is what PyTorch does with them."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from goingdeep.why.catalogue import catalogue
from goingdeep.why.lab import Lab


@pytest.fixture
def found(measured):
    return measured("nchw")


def test_the_shape_is_the_batchs(trained, found):
    images, _ = trained.moment.batches()[0]
    assert (found.shape, found.strides) == (tuple(images.shape), tuple(images.stride()))
    assert (found.length, found.batch_size) == (len(trained.loader), 64)
    assert found.batch.shape == (4, 1, 28, 28)
    assert found.batch.pixels[:784] == (images[0] * 255).round().to(torch.uint8).numpy().tobytes()


def test_an_mlp_cannot_tell_and_says_nothing(found):
    assert found.error is None
    assert found.same
    assert found.trial.losses == found.recorded


def test_a_convolution_says_what_pytorch_says(sensitive, measured):
    found = measured("nchw", "sensitive")
    images, _ = sensitive.moment.batches()[0]
    with pytest.raises(RuntimeError) as error:
        torch.nn.Conv2d(1, 8, 3, padding=1)(images.permute(0, 2, 3, 1))
    assert found.error.error == f"RuntimeError: {error.value}"
    assert found.error.where == "layer 0 (Conv2d)"
    assert found.trial is None


def test_three_channels_are_told_from_one(train):
    """With colours the same mistake moves numbers, and an MLP trains on the muddle in silence."""
    torch.manual_seed(0)
    colours = torch.utils.data.TensorDataset(torch.rand(256, 3, 8, 8), torch.randint(4, (256,)))
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(192, 4))
    lab = Lab(train(model, data=colours, tests=colours, steps=8, rate=0.1).experiment)
    with lab.alone():
        found = catalogue()["nchw"].lesson().measure(lab)
    assert found.error is None
    assert not found.same
    assert found.trial.losses != found.recorded
    blocks = list(catalogue()["nchw"].lesson().broken(found))
    assert any("the mistake is silent" in getattr(block, "text", "") for block in blocks)


@pytest.mark.parametrize(
    ("change", "claim", "verdict"),
    [
        ({"shape": (64, 1, 28, 28), "length": 157, "batch_size": 64}, 0, "false"),
        ({"shape": (64, 1, 28, 28), "length": 64, "batch_size": 64}, 0, "false"),
        ({"shape": (157, 1, 28, 28), "length": 157, "batch_size": 64}, 0, "true"),
        ({"length": 0}, 0, "not measured"),
        ({"alone": 0.3}, 1, "false"),
        ({"alone": 0.0, "norm": 0.2}, 1, "half true"),
        ({"alone": 0.0, "norm": 0.0}, 1, "true"),
    ],
)
def test_another_fact_is_another_verdict(found, verdicts, change, claim, verdict):
    assert verdicts("nchw", dataclasses.replace(found, **change))[claim] == verdict


def test_batch_norm_reads_the_first_axis(measured, verdicts):
    found = measured("nchw", "sensitive")
    assert found.alone > 1e-3
    assert verdicts("nchw", found)[1] == "false"
