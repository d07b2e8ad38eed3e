"""What the modes change in a call, against PyTorch's own arithmetic; and nothing is changed by it."""

from __future__ import annotations

import copy

import pytest
import torch
from tests.watch.looked import Seeing, look_at, watcher_of
from torch import nn

from goingdeep.record.look import LookCall
from goingdeep.watch.looks.look import Look
from goingdeep.watch.looks.modes import CHANNELS, LONGEST


def seen(layer: nn.Module, x: torch.Tensor) -> tuple[LookCall, torch.Tensor]:
    watcher = watcher_of(layer)
    look = Look(watcher, 1)
    with Seeing(look):
        y = layer(x)
    look.finish()
    (call,) = watcher.recorder.of(LookCall)
    return call, y


def numbers(values) -> torch.Tensor:
    return torch.tensor([float(value) for value in values])


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (nn.BatchNorm1d(5), (9, 5)),
        (nn.BatchNorm1d(3), (4, 3, 7)),
        (nn.BatchNorm2d(12), (6, 12, 5, 5)),
        (nn.BatchNorm3d(2, momentum=None), (3, 2, 2, 3, 2)),
        (nn.BatchNorm2d(4, track_running_stats=False), (6, 4, 3, 3)),
        (nn.BatchNorm2d(4, affine=False), (6, 4, 3, 3)),
    ],
)
def test_the_statistics_of_a_batchnorm_give_its_output(layer, shape, training):
    torch.manual_seed(0)
    layer = copy.deepcopy(layer)
    for _ in range(2):
        layer(torch.randn(shape) * 3 + 1)
    layer.train(training)
    kept = {name: buffer.clone() for name, buffer in layer.named_buffers()}
    x = torch.randn(shape) * 2 - 1
    call, y = seen(layer, x)
    normed = call.normed
    count = min(CHANNELS, shape[1])
    assert (normed.channels, normed.values) == (shape[1], x.numel() // shape[1])
    assert len(normed.batch_mean) == count
    assert normed.used == ("batch" if training or not kept else "running")
    which = "batch" if normed.used == "batch" else "running"
    view = (1, count, *[1] * (len(shape) - 2))
    mean = numbers(getattr(normed, f"{which}_mean")).reshape(view)
    variance = numbers(getattr(normed, f"{which}_var")).reshape(view)
    weight, bias = layer.weight, layer.bias
    expected = (x[:, :count] - mean) / (variance + layer.eps).sqrt()
    if weight is not None:
        expected = expected * weight[:count].reshape(view) + bias[:count].reshape(view)
    assert torch.allclose(expected, y[:, :count], atol=1e-5)
    # What it keeps, before and after, to the last bit.
    for name, key in (("running_mean", "mean"), ("running_var", "var")):
        if kept:
            assert torch.equal(numbers(getattr(normed, name)), kept[name][:count])
            now = dict(layer.named_buffers())[name][:count]
            assert torch.equal(numbers(getattr(normed, f"after_{key}")), now)
        else:
            assert getattr(normed, name) == getattr(normed, f"after_{key}") == ()


@pytest.mark.parametrize("inplace", [False, True])
@pytest.mark.parametrize("kind", [nn.Dropout, nn.AlphaDropout, nn.Dropout2d])
def test_the_mask_of_a_dropout_is_what_it_put_out(kind, inplace):
    torch.manual_seed(0)
    x = torch.randn(4, 20, 6, 6)
    x[:, ::7] = 0
    before = x.clone()
    call, y = seen(kind(0.4, inplace=inplace), x)
    first, made = before[0].reshape(-1)[:LONGEST], y[0].reshape(-1)[:LONGEST]
    assert len(call.mask) == LONGEST
    for letter, value, result in zip(call.mask, first.tolist(), made.tolist(), strict=True):
        assert letter == ("." if value == 0 else "0" if result == 0 else "1")
    assert "1" in call.mask
    assert "." in call.mask
    assert ("0" in call.mask) is (kind is not nn.AlphaDropout)  # which puts another value there


def test_in_evaluation_nothing_is_put_out():
    call, _ = seen(nn.Dropout(0.9).eval(), torch.ones(3, 10))
    assert call.mask == "1" * 10


@pytest.mark.parametrize(
    "x",
    [torch.ones(0, 3, 4, 4), torch.full((2, 3, 4, 4), torch.nan)],
    ids=["no sample", "NaN"],
)
def test_odd_batches_are_seen_as_they_are(x):
    layer = nn.BatchNorm2d(3)
    try:
        call, _ = seen(layer, x)
    except (RuntimeError, ValueError):
        return  # PyTorch refuses it
    assert call.normed is None or set(call.normed.batch_mean) == {"nan"}


class Failing(nn.Dropout):
    def forward(self, x):
        raise ValueError


def test_a_dropout_that_fails_has_no_mask():
    watcher = watcher_of(layer := Failing())
    look = Look(watcher, 1)
    with pytest.raises(ValueError), Seeing(look):  # noqa: PT011 - it is ours
        layer(torch.ones(2, 3))
    look.finish()
    assert [call.mask for call in watcher.recorder.of(LookCall)] == [""]


def test_looking_changes_no_bit():
    def trained(look: bool) -> list[torch.Tensor]:
        torch.manual_seed(0)
        model = nn.Sequential(
            nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Dropout(0.5, inplace=True), nn.ReLU(),
            nn.Flatten(), nn.Linear(64, 10),
        )  # fmt: skip
        x, labels = torch.rand(8, 1, 6, 6), torch.arange(8)
        if look:
            assert look_at(model, batch=(x, labels)).of(LookCall)
        else:
            from tests.watch.looked import train_step

            train_step(None, model, torch.optim.SGD(model.parameters(), lr=0.1), (x, labels))
        return [*model.state_dict().values(), torch.rand(3)]

    for one, other in zip(trained(look=True), trained(look=False), strict=True):
        assert torch.equal(one, other)
