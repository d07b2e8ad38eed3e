"""Numbers that will be worked by hand, against PyTorch's own; what the eye sees, against NumPy."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from tests.watch.looked import images, look_at, mlp
from torch import nn
from torch.nn import functional as F

from goingdeep.record.look import LookBackward, LookCall, LookLoss, LookStep
from goingdeep.watch.looks.scores import Scores
from goingdeep.watch.looks.values import MAP_BYTES, MAPS, SIDE, histogram, maps
from goingdeep.watch.looks.worked import MOST_TERMS, TOP, worked

LAYERS = {
    "linear": (lambda: nn.Linear(6, 4), (5, 6)),
    "wide linear": (lambda: nn.Linear(300, 4), (5, 300)),
    "no bias": (lambda: nn.Linear(6, 4, bias=False), (5, 6)),
    "sequence": (lambda: nn.Linear(6, 4), (5, 3, 6)),
    "conv": (lambda: nn.Conv2d(1, 4, 3), (2, 1, 7, 7)),
    "padded": (lambda: nn.Conv2d(2, 4, 3, padding=1), (2, 2, 3, 3)),
    "strided": (lambda: nn.Conv2d(2, 4, (3, 5), stride=(2, 3), padding=(1, 2)), (2, 2, 9, 11)),
    "dilated": (lambda: nn.Conv2d(2, 4, 3, dilation=2, padding=2), (2, 2, 9, 9)),
    "grouped": (lambda: nn.Conv2d(4, 8, 3, groups=2), (2, 4, 7, 7)),
    "depthwise": (lambda: nn.Conv2d(8, 8, 3, groups=8, padding="same"), (2, 8, 7, 7)),
    "deep": (lambda: nn.Conv2d(32, 4, 3, padding="valid"), (2, 32, 7, 7)),
    "channels last": (
        lambda: nn.Conv2d(4, 4, 3).to(memory_format=torch.channels_last),
        (2, 4, 7, 7),
    ),
}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", LAYERS)
def test_the_terms_come_to_the_output(name, seed):
    torch.manual_seed(seed)
    make, shape = LAYERS[name]
    layer, x = make(), torch.randn(shape)
    y = layer(x)
    found = worked(layer, (x,), y)
    assert y[found.at].item() == np.float32(found.value)
    row = y[found.at[:-1]] if isinstance(layer, nn.Linear) else y[0]
    assert row.abs().max() == y[found.at].abs()
    for term in found.terms:
        assert x[term.input_at].item() == np.float32(term.input)
        assert layer.weight[term.weight_at].item() == np.float32(term.weight)
    total = math.fsum(t.input * t.weight for t in found.terms) + found.rest + (found.bias or 0.0)
    assert total == pytest.approx(found.value, rel=1e-5, abs=1e-6)
    assert (found.bias is None) is (layer.bias is None)
    if found.others:
        assert len(found.terms) == TOP
    else:
        assert len(found.terms) <= MOST_TERMS
        assert found.rest == 0


def test_the_largest_products_are_kept():
    torch.manual_seed(0)
    layer, x = nn.Linear(300, 1), torch.randn(1, 300)
    found = worked(layer, (x,), layer(x))
    products = (x[0].double() * layer.weight[0].double()).abs()
    assert {t.input_at[1] for t in found.terms} == set(products.topk(TOP).indices.tolist())
    assert found.others == 300 - TOP


class Doubled(nn.Linear):
    def forward(self, x):
        return 2 * super().forward(x)


def test_what_is_not_the_sum_is_not_worked():
    x = torch.randn(3, 4)
    doubled = Doubled(4, 2)
    assert worked(doubled, (x,), doubled(x)) is None
    plain = nn.Linear(4, 2)
    assert worked(plain, (x,), plain(x) + 1) is None
    assert worked(plain, (), plain(x)) is None
    assert worked(plain, (x,), (plain(x),)) is None
    assert worked(nn.ReLU(), (x,), x) is None
    assert worked(plain, (x,), torch.full((3, 2), math.nan)) is None
    odd = nn.utils.parametrizations.weight_norm(nn.Linear(4, 2))
    assert worked(odd, (x,), odd(x)) is None
    circular = nn.Conv2d(1, 1, 3, padding=1, padding_mode="circular")
    assert worked(circular, (x.view(1, 1, 3, 4),), circular(x.view(1, 1, 3, 4))) is None


def test_half_precision_is_worked_as_far_as_it_is_exact():
    torch.manual_seed(0)
    layer, x = nn.Linear(64, 8), torch.randn(4, 64)
    with torch.autocast("cpu", torch.bfloat16):
        y = layer(x)
    found = worked(layer, (x,), y)
    assert y[found.at].item() == found.value


# -------------------------------------------------------------------- for the eye


@pytest.mark.parametrize("shape", [(64, 10), (3, 4, 5, 6), (1000,), (2, 8_000)])
def test_a_histogram_is_that_of_numpy(shape):
    torch.manual_seed(0)
    tensor = torch.randn(shape)
    low, high = tensor.min().item(), tensor.max().item()
    counts = histogram(tensor, low, high)
    if tensor.numel() <= 1 << 13:
        expected, _ = np.histogram(tensor.numpy().astype(np.float64), 40, (low, high))
        # A value on an edge may fall to either side by rounding.
        assert np.abs(np.array(counts) - expected).max() <= 2
        assert sum(counts) == tensor.numel()
    else:
        assert 0 < sum(counts) <= 1 << 13
    assert len(counts) == 40


def test_what_has_no_width_has_no_histogram():
    assert histogram(torch.ones(5), 1.0, 1.0) == ()
    assert histogram(torch.tensor([math.nan]), None, None) == ()
    assert histogram(torch.zeros(2).to_sparse(), 0.0, 1.0) == ()
    odd = torch.tensor([0.0, math.nan, math.inf, -math.inf, 1.0])
    assert sum(histogram(odd, 0.0, 1.0)) == 2


def test_a_histogram_counts_its_ends_and_any_width():
    third = torch.tensor([-1 / 3, 0.0, 1 / 3])  # which seven digits bound from within
    counts = histogram(third, -0.3333333, 0.3333333, finite=True)
    assert [place for place, count in enumerate(counts) if count] == [0, 20, 39]
    huge = torch.tensor([-1.7e308, 0.0, 1.7e308], dtype=torch.float64)
    assert sum(histogram(huge, -1.7e308, 1.7e308, finite=True)) == 3
    tiny = torch.tensor([0.0, 5e-324], dtype=torch.float64)
    assert sum(histogram(tiny, 0.0, 5e-324, finite=True)) == 2


@pytest.mark.parametrize("shape", [(2, 12, 40, 70), (2, 3, 5, 5), (2, 10), (2, 500), (1, 1, 1, 1)])
def test_maps_are_the_first_sample(shape):
    torch.manual_seed(0)
    tensor = torch.randn(shape)
    found = maps(tensor, MAP_BYTES)
    array = found["maps"].astype(np.float64)
    if len(shape) == 4:
        step = -(-max(shape[2:]) // SIDE)
        expected = tensor[0, :MAPS, ::step, ::step].numpy()
        assert max(array.shape[1:]) <= SIDE
    else:
        expected = tensor[:1, :256].numpy()[None]
    values = found["maps_low"] + (found["maps_high"] - found["maps_low"]) * array / 255
    assert values.shape == expected.shape
    assert np.abs(values - expected).max() <= (found["maps_high"] - found["maps_low"]) / 500 + 1e-6


def test_what_is_no_map_is_left_out():
    assert maps(torch.randn(2, 3, 4), MAP_BYTES) == {}
    assert maps(torch.zeros(2, 3, dtype=torch.int64), MAP_BYTES) == {}
    assert maps(torch.randn(2, 8, 32, 32), 100) == {}
    assert maps(torch.zeros(0, 3), MAP_BYTES) == {}


def test_a_look_carries_them():
    torch.manual_seed(0)
    recorder = look_at(mlp())
    calls = {call.module: call for call in recorder.of(LookCall)}
    assert calls["1"].worked.at[0] == 0
    assert calls["1"].maps.shape == (1, 1, 8)
    assert sum(calls["2"].histogram) == 20 * 8
    assert calls["2"].worked is None
    # 4-d, 36 wide: the batch's first picture flattened.
    assert calls["0"].maps.shape == (1, 1, 36)


def test_maps_of_one_look_are_bounded():
    model = nn.Sequential(
        *(nn.Conv2d(8, 8, 3, padding=1) for _ in range(9)), nn.Flatten(), nn.LazyLinear(3)
    )
    x = torch.randn(2, 8, 32, 32)
    model(x)
    recorder = look_at(model, batch=(x, torch.tensor([0, 1])))
    found = [call.maps for call in recorder.of(LookCall) if call.maps is not None]
    assert len(found) >= 3
    assert sum(math.prod(blob.shape) for blob in found) <= MAP_BYTES


# -------------------------------------------------------------------- the first link


def test_the_first_link_is_the_gradient_at_the_scores():
    torch.manual_seed(1)
    model = mlp()
    pixels, labels = images()
    recorder = look_at(model, torch.optim.SGD(model.parameters(), lr=0.0), (pixels, labels))
    (event,) = recorder.of(LookBackward)
    scores = model(pixels)
    (expected,) = torch.autograd.grad(F.cross_entropy(scores, labels), scores)
    assert [link.sample for link in event.first] == list(range(16))
    for link in event.first:
        assert np.array_equal(np.float32(link.values), expected[link.sample].numpy())
    by_hand = (scores.softmax(1) - F.one_hot(labels, 10)) / len(labels)
    assert torch.allclose(by_hand, expected, atol=1e-7)


def test_of_many_classes_it_is_of_those_of_the_rows():
    torch.manual_seed(1)
    model, batch = nn.Linear(4, 200), (torch.randn(3, 4), torch.tensor([7, 8, 9]))
    recorder = look_at(model, batch=batch)
    (event,), (loss,) = recorder.of(LookBackward), recorder.of(LookLoss)
    assert [link.classes for link in event.first] == [row.classes for row in loss.rows]
    assert all(len(link.values) == len(link.classes) for link in event.first)


def test_a_hook_changes_no_gradient_and_goes_away():
    torch.manual_seed(2)
    x, labels = torch.randn(4, 3, requires_grad=True), torch.tensor([0, 1, 2, 0])
    layer = nn.Linear(3, 3)

    def gradients(follow: bool):
        waiting = Scores()
        scores = layer(x)
        if follow:
            from goingdeep.watch.looks.loss_rows import rows

            waiting.follow(scores, rows("cross_entropy", scores, labels, {}).rows)
        loss = F.cross_entropy(scores, labels)
        first = torch.autograd.grad(loss, (x, layer.weight), retain_graph=True)
        links = waiting.take()
        second = torch.autograd.grad(loss, (x, layer.weight))
        return (*first, *second), links

    plain, none = gradients(follow=False)
    followed, links = gradients(follow=True)
    assert none == ()
    assert len(links) == 4
    assert all(torch.equal(a, b) for a, b in zip(plain, followed, strict=True))


def test_scores_without_a_graph_are_not_waited_for():
    scores = torch.randn(2, 3)
    from goingdeep.watch.looks.loss_rows import rows

    waiting = Scores()
    waiting.follow(scores, rows("cross_entropy", scores, torch.tensor([0, 1]), {}).rows)
    assert waiting.take() == ()
    waiting.let_go()


def test_losses_of_all_samples_are_kept():
    torch.manual_seed(3)
    model, (pixels, labels) = mlp(), images(40)
    with torch.no_grad():
        expected = F.cross_entropy(model(pixels), labels, reduction="none")
    recorder = look_at(model, batch=(pixels, labels))
    (event,) = recorder.of(LookLoss)
    assert event.losses.shape == (40,)
    assert any(
        np.array_equal(array, expected.numpy()) for array in recorder.arrays if array.shape == (40,)
    )


# -------------------------------------------------------------------- windows


@pytest.mark.parametrize(
    ("make", "kept"),
    [
        (lambda p: torch.optim.SGD(p, lr=0.1), []),
        (lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9), ["momentum_buffer"]),
        (lambda p: torch.optim.AdamW(p, lr=0.01), ["exp_avg", "exp_avg_sq"]),
    ],
    ids=["sgd", "momentum", "adamw"],
)
def test_a_window_is_the_matrix_before_and_after(make, kept):
    torch.manual_seed(4)
    model = nn.Sequential(nn.Flatten(), nn.Linear(36, 50), nn.ReLU(), nn.Linear(50, 10))
    optimizer = make(model.parameters())
    look_at(model, optimizer)
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    recorder = look_at(model, optimizer, images(seed=1), clear=False)
    (event,) = recorder.of(LookStep)
    assert [window.name for window in event.windows] == ["1.weight", "3.bias"]
    for window in event.windows:
        matrix = before[window.name].reshape(len(before[window.name]), -1)
        height, width = window.before.shape
        assert max(height, width) <= 32

        def cut(tensor, window=window, matrix=matrix, height=height, width=width):
            return (
                tensor.reshape(matrix.shape)[
                    window.row : window.row + height, window.column : window.column + width
                ]
                .detach()
                .numpy()
            )

        parameter = model.get_parameter(window.name)
        stored = [array for array in recorder.arrays if array.shape == (height, width)]
        wanted = [cut(before[window.name]), cut(parameter), cut(parameter.grad)]
        wanted += [cut(optimizer.state[parameter][name]) for name in kept]
        for array in wanted:
            assert any(np.array_equal(array, other) for other in stored)
        assert list(window.state_after) == list(window.state_before) == kept
        weight = next(w for w in event.weights if w.name == window.name)
        row, column = weight.at[0], weight.at[1] if len(weight.at) > 1 else 0
        assert window.row <= row < window.row + height
        assert window.column <= column < window.column + width


def test_numbers_that_four_bytes_cannot_hold_have_no_window():
    model = mlp().double()
    pixels, labels = images()
    recorder = look_at(model, batch=(pixels.double(), labels))
    assert recorder.of(LookStep)[0].windows == ()


def test_a_window_of_a_convolution():
    torch.manual_seed(5)
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(64, 3)).to(
        memory_format=torch.channels_last
    )
    x = torch.randn(2, 3, 6, 6)
    before = model[0].weight.detach().clone()
    recorder = look_at(model, batch=(x, torch.tensor([0, 1])))
    window = recorder.of(LookStep)[0].windows[0]
    assert window.before.shape == (4, 27)
    assert any(
        np.array_equal(before.reshape(4, 27).numpy(), array)
        for array in recorder.arrays
        if array.shape == (4, 27)
    )
