"""Steps and clears: weights worked by hand, updates against the weights themselves."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from tests.watch.looked import Seeing, images, look_at, mlp, watcher_of
from torch import nn
from torch.nn import functional as F

from goingdeep.record.look import LookBackward, LookCall, LookClear, LookStep
from goingdeep.watch.looks.look import Look


def weights_of(model):
    return {name: p.detach().double().clone() for name, p in model.named_parameters()}


def test_updates_are_those_of_the_weights():
    torch.manual_seed(5)
    model = mlp()
    model[3].requires_grad_(False)
    before = weights_of(model)
    (event,) = look_at(model, torch.optim.Adam(model.parameters(), lr=0.01)).of(LookStep)
    after = weights_of(model)
    assert [row.name for row in event.updates] == list(before)
    for row in event.updates:
        change = (after[row.name] - before[row.name]).norm().item()
        assert row.weight == pytest.approx(before[row.name].norm().item(), rel=1e-6)
        assert row.change == pytest.approx(change, rel=1e-4)
        assert row.ratio == pytest.approx(change / before[row.name].norm().item(), rel=1e-4)
        assert row.changed is (not row.name.startswith("3."))
    assert (event.class_name, event.optimizer, event.left_out) == ("Adam", 0, 0)
    assert event.settings["lr"] == 0.01
    assert event.sentence.startswith("Adam with lr 0.01 moved 4 of 6 parameters")


def test_a_weight_of_sgd_with_momentum_can_be_worked_by_hand():
    torch.manual_seed(6)
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=0.01)
    first = look_at(model, optimizer).of(LookStep)[0]
    second = look_at(model, optimizer, images(seed=1)).of(LookStep)[0]
    assert [weight.name for weight in first.weights] == ["1.weight", "5.bias"]
    assert [weight.state_before for weight in first.weights] == [{}, {}]
    f = np.float32
    for weight in second.weights:
        velocity = f(0.9) * f(weight.state_before["momentum_buffer"]) + (
            f(weight.gradient) + f(0.01) * f(weight.before)
        )
        assert weight.state_after["momentum_buffer"] == pytest.approx(float(velocity), rel=1e-5)
        assert weight.after == pytest.approx(float(f(weight.before) - f(0.1) * velocity), rel=1e-6)
    name, at = second.weights[0].name, second.weights[0].at
    assert f(second.weights[0].after) == model.get_parameter(name)[at].item()


def test_a_weight_of_adam_can_be_worked_by_hand():
    torch.manual_seed(7)
    model = mlp()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    look_at(model, optimizer)
    event = look_at(model, optimizer, images(seed=1)).of(LookStep)[0]
    for weight in event.weights:
        m, v = weight.state_before["exp_avg"], weight.state_before["exp_avg_sq"]
        assert (weight.state_before["step"], weight.state_after["step"]) == (1.0, 2.0)
        g = weight.gradient
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        assert weight.state_after["exp_avg"] == pytest.approx(m, rel=1e-5)
        assert weight.state_after["exp_avg_sq"] == pytest.approx(v, rel=1e-5)
        change = 0.01 * (m / (1 - 0.9**2)) / (math.sqrt(v / (1 - 0.999**2)) + 1e-8)
        assert weight.after == pytest.approx(weight.before - change, rel=1e-5)


@pytest.mark.parametrize("shape", [(7,), (3, 5), (4, 2, 3, 3), ()])
def test_the_weight_with_the_largest_gradient_is_chosen(shape):
    torch.manual_seed(8)
    weight = nn.Parameter(torch.randn(shape))
    weight.grad = torch.randn(shape)
    watcher = watcher_of()
    look = Look(watcher, 1)
    optimizer = torch.optim.SGD([weight], lr=0.5)
    look.before_step(optimizer, 0, 0)
    optimizer.step()
    look.after_step(optimizer)
    look.finish()
    (chosen,) = watcher.recorder.events[0].weights
    place = np.unravel_index(np.abs(weight.grad.numpy()).argmax(), shape)
    assert chosen.at == tuple(int(i) for i in place)
    assert np.float32(chosen.gradient) == weight.grad[chosen.at].item()
    assert (chosen.model, chosen.name) == (-1, "group 0, tensor 0")


def test_each_group_shows_its_own_settings():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    groups = [
        {"params": [model[0].weight, model[1].weight], "weight_decay": 0.1},
        {"params": [model[0].bias, model[1].bias], "weight_decay": 0.0, "lr": 0.5},
    ]
    optimizer = torch.optim.AdamW(groups, lr=0.01)
    batch = (torch.ones(3, 2), torch.tensor([0, 1, 0]))
    (event,) = look_at(model, optimizer, batch).of(LookStep)
    assert [(w.name, w.group, w.settings) for w in event.weights] == [
        ("0.weight", 0, {}), ("1.weight", 0, {}),
        ("0.bias", 1, {"lr": 0.5, "weight_decay": 0.0}), ("1.bias", 1, {"lr": 0.5, "weight_decay": 0.0}),
    ]  # fmt: skip
    assert event.settings["weight_decay"] == 0.1


def test_weights_that_become_nan_are_text():
    weight = nn.Parameter(torch.tensor([1.0, 2.0]))
    still = nn.Parameter(torch.tensor([math.nan]))
    weight.grad, still.grad = torch.tensor([math.nan, 1.0]), None
    watcher = watcher_of()
    look = Look(watcher, 1)
    optimizer = torch.optim.SGD([weight, still], lr=1.0)
    look.before_step(optimizer, 0, 0)
    optimizer.step()
    look.after_step(optimizer)
    look.finish()
    (event,) = watcher.recorder.events
    assert [(u.change, u.ratio, u.changed) for u in event.updates] == [
        ("nan", "nan", True), ("nan", "nan", False),
    ]  # fmt: skip
    assert (event.weights[0].gradient, event.weights[0].after) == ("nan", "nan")
    assert event.sentence.startswith("SGD with lr 1 moved 1 of 2 parameters")


def test_a_change_without_any_size_is_seen_by_its_bits():
    zero, same = nn.Parameter(torch.zeros(3)), nn.Parameter(torch.zeros(3))
    watcher = watcher_of()
    look = Look(watcher, 1)
    optimizer = torch.optim.SGD([zero, same], lr=1.0)
    look.before_step(optimizer, 0, 0)
    with torch.no_grad():
        zero.neg_()
    look.after_step(optimizer)
    look.finish()
    assert [(u.change, u.changed) for u in watcher.recorder.events[0].updates] == [
        (0.0, True),
        (0.0, False),
    ]


@pytest.mark.parametrize("optimizer", ["LBFGS", "SGD"])
def test_a_step_with_a_closure_shows_the_gradient_that_it_used(optimizer):
    torch.manual_seed(9)
    model = nn.Linear(3, 1)
    x, y = torch.randn(8, 3), torch.randn(8, 1)
    model(x).sum().backward()  # a gradient that is there, and will not be the one
    old = model.weight.grad.clone()
    watcher = watcher_of(model)
    look = Look(watcher, 1)
    rule = getattr(torch.optim, optimizer)(model.parameters(), lr=0.1)
    before = weights_of(model)

    def closure():
        rule.zero_grad()
        with Seeing(look):
            loss = F.mse_loss(model(x), y)
        look.before_backward((loss,), 0)
        loss.backward()
        look.after_backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.5)  # inside too, as Lightning does it
        return loss

    look.before_step(rule, 0, 0)
    rule.step(closure)
    look.after_step(rule)
    look.finish()
    kinds = [type(event) for event in watcher.recorder.events if type(event) is not LookCall]
    assert kinds[-1] is LookStep
    assert kinds[:-1] == [LookBackward] * (len(kinds) - 1)
    weight = watcher.recorder.of(LookStep)[0].weights[0]
    assert weight.before == pytest.approx(before["weight"][weight.at].item(), rel=1e-7)
    assert np.float32(weight.after) == model.weight[weight.at].item()
    assert np.float32(weight.gradient) == model.weight.grad[weight.at].item()
    assert weight.gradient != pytest.approx(old[weight.at].item())
    if optimizer == "SGD":
        assert weight.after == pytest.approx(weight.before - 0.1 * weight.gradient, rel=1e-5)


def test_an_embedding_with_a_sparse_gradient_is_followed():
    model = nn.Embedding(50, 3, sparse=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    watcher = watcher_of(model)
    look = Look(watcher, 1)
    with Seeing(look):
        value = (model(torch.tensor([4, 4, 9])) * torch.tensor([1.0, -3.0, 2.0])).sum()
    look.before_backward((value,), 0)
    value.backward()
    look.after_backward()
    look.before_step(optimizer, 0, 0)
    optimizer.step()
    look.after_step(optimizer)
    look.finish()
    (event,) = watcher.recorder.of(LookStep)
    (weight,) = event.weights
    assert (weight.at, weight.gradient) == ((4, 1), -6.0)
    assert weight.after == pytest.approx(weight.before + 3.0, rel=1e-5)
    # Row 4 was read twice: (2, -6, 4) and (1, -3, 2).
    assert event.updates[0].change == pytest.approx(0.5 * math.sqrt(56 + 14), rel=1e-5)


def test_replicas_that_agree_have_the_same_checksum():
    def checksum(change):
        torch.manual_seed(10)
        model = mlp()
        with torch.no_grad():
            model[5].bias[3] += change
        return look_at(model).of(LookStep)[0].checksum

    assert checksum(0.0) == checksum(0.0) != checksum(1e-3)


def test_of_a_large_model_a_sample_is_copied(monkeypatch):
    from goingdeep.watch.looks import updates

    monkeypatch.setattr(updates, "MOST_BYTES", 100_000)
    monkeypatch.setattr(updates, "SAMPLED_VALUES", 20_000)
    torch.manual_seed(11)
    model = nn.Linear(300, 300)
    before = weights_of(model)
    batch = (torch.randn(4, 300), torch.tensor([0, 1, 2, 3]))
    (event,) = look_at(model, torch.optim.SGD(model.parameters(), lr=1.0), batch).of(LookStep)
    weight, bias = event.updates
    assert 10_000 < weight.sampled <= 20_000
    assert 0 < bias.sampled <= 70
    change = (weights_of(model)["weight"] - before["weight"]).norm().item()
    assert weight.weight == pytest.approx(before["weight"].norm().item(), rel=0.02)
    assert weight.change == pytest.approx(change, rel=0.1)


ODD_PARAMETERS = {
    "bfloat16": lambda: torch.randn(5).bfloat16(),
    "float64": lambda: torch.randn(5).double(),
    "transposed": lambda: torch.randn(4, 3).t(),
    "channels last": lambda: torch.randn(2, 3, 4, 4).to(memory_format=torch.channels_last),
    "part of another": lambda: torch.randn(6, 6)[:, 1:3],
    "empty": lambda: torch.randn(0, 3),
    "one number": lambda: torch.tensor(2.0),
    "complex": lambda: torch.randn(3, dtype=torch.complex64),
}


@pytest.mark.parametrize("kind", ODD_PARAMETERS)
def test_odd_parameters_are_followed_or_counted(kind):
    torch.manual_seed(12)
    weight = nn.Parameter(ODD_PARAMETERS[kind]())
    weight.grad = torch.ones_like(weight)
    before = weight.detach().clone()
    optimizer = torch.optim.SGD([weight], lr=0.5)
    watcher = watcher_of()
    look = Look(watcher, 1)
    look.before_step(optimizer, 0, 0)
    optimizer.step()
    look.after_step(optimizer)
    look.before_clear("optimizer", 0, [weight], 0)
    optimizer.zero_grad(set_to_none=False)
    look.after_clear()
    look.finish()
    step, clear = watcher.recorder.events
    if kind in {"empty", "complex"}:
        assert (step.updates, step.left_out) == ((), 1)
    else:
        (row,) = step.updates
        known = (weight.detach().double() - before.double()).norm().item()
        assert row.change == pytest.approx(known, rel=1e-2 if kind == "bfloat16" else 1e-6)
        assert row.weight == pytest.approx(before.double().norm().item(), rel=1e-5)
        assert len(step.weights) == 1
    assert clear.before == {"zero": 1} if kind == "empty" else {"value": 1}
    assert clear.after == {"zero": 1}
    assert watcher.recorder.gaps == []


def test_a_parameter_that_is_replaced_within_the_step_is_counted():
    weight = nn.Parameter(torch.ones(3))
    optimizer = torch.optim.SGD([weight], lr=0.5)
    watcher = watcher_of()
    look = Look(watcher, 1)
    look.before_step(optimizer, 0, 0)
    weight.data = torch.ones(7)
    look.after_step(optimizer)
    look.finish()
    assert watcher.recorder.events[0].left_out == 1


def test_of_an_optimizer_around_another_the_inner_step_is_told():
    weight = nn.Parameter(torch.ones(3))
    inner, outer = torch.optim.SGD([weight], lr=0.5), torch.optim.SGD([weight], lr=0.25)
    watcher = watcher_of()
    look = Look(watcher, 1)
    look.before_step(outer, 1, 0)
    look.before_step(inner, 0, 0)
    look.after_step(inner)
    look.after_step(outer)
    look.finish()
    assert [event.optimizer for event in watcher.recorder.events] == [0]


# ---------------------------------------------------------------- clear


@pytest.mark.parametrize(
    ("to_none", "after", "sentence"),
    [
        (True, {"none": 2}, "the model cleared 2 gradients: none left"),
        (False, {"zero": 2}, "the model cleared 2 gradients: all are 0"),
    ],
)
def test_a_clear_says_what_is_left(to_none, after, sentence):
    model = nn.Linear(2, 2)
    model(torch.ones(1, 2)).sum().backward()
    watcher = watcher_of(model)
    look = Look(watcher, 1)
    look.before_clear("module", 3, model.parameters(), 8)
    model.zero_grad(set_to_none=to_none)
    look.after_clear()
    look.finish()
    (event,) = watcher.recorder.of(LookClear)
    assert (event.by, event.number, event.site) == ("module", 3, 8)
    assert (event.before, event.after, event.sentence) == ({"value": 2}, after, sentence)
