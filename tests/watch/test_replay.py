"""A replay with one thing changed is what the same change, written by hand in PyTorch, gives."""

from __future__ import annotations

import contextlib
import math
import random
import sys
import threading
import warnings

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from tests.watch.driver import Driver
from torch import nn

from goingdeep.watch.moments.copies import Copies
from goingdeep.watch.moments.replay import compare, replay, verify
from goingdeep.watch.moments.variant import Variant

STEPS = 9


pytestmark = pytest.mark.usefixtures("one_thread")


def batches(count: int = STEPS) -> list[tuple[torch.Tensor, torch.Tensor]]:
    draw = torch.Generator().manual_seed(1)
    return [
        (torch.rand(6, 1, 4, 4, generator=draw), torch.randint(3, (6,), generator=draw))
        for _ in range(count)
    ]


def build() -> nn.Sequential:
    torch.manual_seed(2)
    return nn.Sequential(
        nn.Flatten(), nn.Linear(16, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.4),
        nn.Linear(8, 3),
    )  # fmt: skip


def train(
    *, data=None, make=torch.optim.SGD, clear_at="end", rate=1.0, uphill=False, step=True, clip=None,
    scale=1.0, mode=True, change=lambda model: model, prepare=lambda x: x,
    loss=F.cross_entropy,
) -> tuple[list[float], nn.Module]:  # fmt: skip
    """The loop as a learner writes it, with each mistake to be switched on. Nothing of ours in it."""
    model = change(build())
    settings = {"momentum": 0.9, "weight_decay": 0.01} if make is torch.optim.SGD else {}
    optimizer = make(model.parameters(), lr=0.1 * rate, **settings)
    model.train(mode)
    losses = []
    for i, (x, y) in enumerate(batches() if data is None else data):
        if i == 4:
            optimizer.param_groups[0]["lr"] = 0.05 * rate
        value = loss(model(prepare(x)), y)
        (value * scale if scale != 1 else value).backward()
        if clip is not None:
            nn.utils.clip_grad_norm_(model.parameters(), clip)
        if clear_at == "between":
            optimizer.zero_grad()
        turn(model, uphill=uphill)
        if step:
            optimizer.step()
        turn(model, uphill=uphill)
        if clear_at == "end":
            optimizer.zero_grad()
        losses.append(value.item())
    return losses, model


def turn(model: nn.Module, *, uphill: bool) -> None:
    for parameter in model.parameters():
        if uphill and parameter.grad is not None:
            parameter.grad.neg_()


def moment_of(**settings):
    driver = Driver()
    with driver.on():
        train(**settings)
    assert verify(driver.moment)
    return driver.moment


def same(found, losses: list[float], model: nn.Module) -> None:
    from goingdeep.watch.moments.replay import _hash

    assert found.error == ""
    assert found.losses == losses
    assert found.hash == _hash([model])


# ---------------------------------------------------------------- each change against itself by hand


@pytest.mark.parametrize("make", [torch.optim.SGD, torch.optim.Adam])
@pytest.mark.parametrize(
    ("variant", "by_hand"),
    [
        (Variant(), {}),
        (Variant(clear="never"), {"clear_at": "never"}),
        (Variant(clear="between"), {"clear_at": "between"}),
        (Variant(clear="right"), {}),
        (Variant(step=False), {"step": False}),
        (Variant(rate=100.0), {"rate": 100.0}),
        (Variant(rate=0.01), {"rate": 0.01}),
        (Variant(uphill=True), {"uphill": True}),
        (Variant(clip=0.1), {"clip": 0.1}),
        (Variant(scale=0.25), {"scale": 0.25}),
        (Variant(train_mode=True), {}),
        (Variant(inputs=lambda x: 255 * x), {"prepare": lambda x: 255 * x}),
        (
            Variant(before_loss=lambda outputs: outputs.softmax(1)),
            {"loss": lambda outputs, y: F.cross_entropy(outputs.softmax(1), y)},
        ),
        (
            Variant(
                loss=lambda outputs, y: F.mse_loss(outputs.softmax(1), F.one_hot(y, 3).float())
            ),
            {"loss": lambda outputs, y: F.mse_loss(outputs.softmax(1), F.one_hot(y, 3).float())},
        ),
        (Variant(clear="never", uphill=True), {"clear_at": "never", "uphill": True}),
    ],
)
def test_a_changed_replay_is_the_changed_loop(variant, by_hand, make):
    moment = moment_of(make=make)
    same(replay(moment, variant=variant), *train(make=make, **by_hand))


@pytest.mark.parametrize("mode", [False, True])
def test_the_mode_can_be_changed_both_ways(mode):
    # Dropout draws in one of the two loops only: a model without it has the same stream in both.
    def change(model):
        model[4] = nn.Identity()
        return model

    moment = moment_of(mode=not mode, change=change)
    same(replay(moment, variant=Variant(train_mode=mode)), *train(mode=mode, change=change))


def test_evaluation_mode_draws_nothing():
    losses, model = train(mode=False)
    same(replay(moment_of(), variant=Variant(train_mode=False)), losses, model)


def test_a_layer_can_be_taken_out():
    def without_activation(model):
        del model[3]
        return model

    moment = moment_of()
    same(
        replay(moment, variant=Variant(module=without_activation)),
        *train(change=without_activation),
    )
    assert verify(moment)


def test_a_layer_can_be_put_in_and_learns():
    def wider(model):
        torch.manual_seed(4)
        return nn.Sequential(*model, nn.Tanh(), nn.Linear(3, 3))

    moment = moment_of(change=without_dropout)
    by_hand = train(change=lambda model: wider(without_dropout(model)))
    same(replay(moment, variant=Variant(module=wider)), *by_hand)
    assert by_hand[1][-1].weight.grad is None


def test_a_loop_that_never_clears_is_mended():
    moment = moment_of(clear_at="never")
    same(replay(moment, variant=Variant(clear="right")), *train())
    same(replay(moment), *train(clear_at="never"))


def test_a_loop_that_clears_too_early_is_mended():
    moment = moment_of(clear_at="between")
    same(replay(moment, variant=Variant(clear="right")), *train())


def test_a_softmax_that_is_too_much_is_left_out():
    moment = moment_of(loss=lambda outputs, y: F.cross_entropy(outputs.softmax(1), y))
    found = replay(moment, variant=Variant(leave_out=("softmax",)))
    same(found, *train())
    twice, _ = train(loss=lambda outputs, y: F.cross_entropy(outputs.softmax(1), y))
    assert found.measured[0] == twice[0]
    assert found.measured[-1] != found.losses[-1]


def test_recorded_clipping_can_be_left_out_or_changed():
    moment = moment_of(clip=0.05)
    same(replay(moment), *train(clip=0.05))
    same(replay(moment, variant=Variant(clip=math.inf)), *train())
    same(replay(moment, variant=Variant(clip=0.2)), *train(clip=0.2))


def test_what_is_measured_is_the_recorded_loss_on_the_same_outputs():
    seen = []

    def squared(outputs, y):
        seen.append(F.cross_entropy(outputs, y).item())
        return F.mse_loss(outputs.softmax(1), F.one_hot(y, 3).float())

    train(loss=squared)
    found = replay(
        moment_of(),
        variant=Variant(
            loss=lambda outputs, y: F.mse_loss(outputs.softmax(1), F.one_hot(y, 3).float())
        ),
    )
    assert found.measured == seen
    assert found.losses != found.measured


class Adapting(torch.optim.Optimizer):
    """Keeps a number of its own among the settings of its group, as Prodigy does."""

    def __init__(self, params, lr):
        super().__init__(params, {"lr": lr, "largest": 0.1})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            gradients = [p.grad for p in group["params"]]
            group["largest"] = max([group["largest"], *(float(g.abs().max()) for g in gradients)])
            for parameter, gradient in zip(group["params"], gradients, strict=True):
                parameter.add_(gradient, alpha=-group["lr"] / group["largest"])


def test_what_an_optimizer_sets_for_itself_is_not_taken_for_the_loop_s():
    moment = moment_of(make=Adapting)
    found = replay(moment, variant=Variant(scale=0.25))
    same(found, *train(make=Adapting, scale=0.25))


# ---------------------------------------------------------------- other batches


def without_dropout(model):
    model[4] = nn.Identity()
    return model


@pytest.mark.parametrize(
    "other",
    [
        lambda all_: [all_[0]] * 5,
        lambda all_: list(reversed(all_)),
        lambda all_: [(x[i : i + 2], y[i : i + 2]) for x, y in all_[:2] for i in (0, 2, 4)],
        lambda all_: [(torch.cat([x for x, _ in all_]), torch.cat([y for _, y in all_]))],
    ],
)
def test_other_batches_are_trained_on_in_their_place(other):
    moment = moment_of(change=without_dropout)
    data = other(batches())
    found = replay(moment, variant=Variant(batches=other))
    same(found, *train(data=data, change=without_dropout))
    assert len(found.losses) == len(data)


def test_the_batches_of_a_moment_are_what_the_loop_was_given():
    found = moment_of().batches()
    for (x, y), (mine, labels) in zip(found, batches(), strict=True):
        assert torch.equal(x, mine)
        assert torch.equal(y, labels)


def test_more_steps_than_recorded_take_the_batches_again():
    moment = moment_of(change=without_dropout)
    found = replay(moment, steps=2 * STEPS)
    assert found.losses[:STEPS] == moment.losses
    assert len(found.losses) == 2 * STEPS
    assert found.losses[-1] < moment.losses[-1]
    assert replay(moment, steps=3).losses == moment.losses[:3]


def test_beyond_the_recorded_steps_dropout_still_draws_anew():
    moment = moment_of()
    same_batch = Variant(batches=lambda all_: [all_[0]] * (STEPS + 4), rate=0.0)
    losses = replay(moment, variant=same_batch).losses[STEPS:]
    assert len(set(losses)) == 4


# ---------------------------------------------------------------- mistakes that do not run


def test_an_error_is_an_answer_with_the_steps_before_it():
    calls = []

    def sideways(x):
        calls.append(1)
        return x.permute(0, 2, 3, 1) if len(calls) < 3 else x[:, :, :3]

    found = replay(moment_of(), variant=Variant(inputs=sideways))
    assert found.error.startswith(
        "RuntimeError: mat1 and mat2 shapes cannot be multiplied (6x12 and"
    )
    assert len(found.losses) == 2
    assert found.hash == ""


def test_a_loss_that_explodes_is_not_finite():
    found = replay(moment_of(), variant=Variant(rate=1e30))
    assert not found.finite
    assert replay(moment_of()).finite


def two_forwards():
    model = nn.Linear(2, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        for _ in range(2):
            F.cross_entropy(model(torch.rand(3, 2)), torch.tensor([0, 1, 0])).backward()
        optimizer.step()


class WithLoss(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(2, 2)

    def forward(self, x, y):
        return F.cross_entropy(self.inner(x), y)


def loss_inside():
    model = WithLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        model(torch.rand(3, 2), torch.tensor([0, 1, 0])).backward()
        optimizer.step()


@pytest.mark.parametrize(
    ("loop", "variant", "reason"),
    [
        (two_forwards, Variant(batches=lambda b: b), "a step has more than one forward"),
        (loss_inside, Variant(batches=lambda b: b), "a step has more than one forward"),
        (loss_inside, Variant(before_loss=torch.tanh), "the loss is computed inside the model"),
        (train, Variant(batches=lambda _: []), "there are no batches left"),
    ],
)
def test_a_variant_that_does_not_fit_says_so(loop, variant, reason):
    driver = Driver()
    with driver.on():
        loop()
    found = replay(driver.moment, variant=variant)
    assert found.error.startswith(f"CannotReplayError: {reason}")


# ---------------------------------------------------------------- nothing is touched


def fingerprint(model, optimizer) -> tuple:
    def numbers(value):
        if isinstance(value, torch.Tensor):
            return value.tolist(), value.data_ptr(), value._version
        if isinstance(value, dict):
            return [(key, numbers(inner)) for key, inner in value.items()]
        return [numbers(inner) for inner in value] if isinstance(value, list) else value

    return (
        numbers(dict(model.state_dict())), [numbers(p.grad) for p in model.parameters()],
        [part.training for part in model.modules()], numbers(optimizer.state_dict()),
        torch.get_rng_state().tolist(), random.getstate(), np.random.get_state()[1].tolist(),  # noqa: NPY002
        torch.is_grad_enabled(), torch.is_inference_mode_enabled(),
        torch.is_autocast_enabled("cpu"), sys.stdout, list(warnings.filters),
    )  # fmt: skip


class Talkative(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = build()
        self.seen = []

    def forward(self, x):
        print("shape", x.shape)
        self.seen.append(len(x))
        return self.inner(x)


def talkative_moment():
    driver = Driver()
    torch.manual_seed(0)
    model = Talkative()
    optimizer = torch.optim.Adam(model.parameters())
    hooked = []
    model.inner[1].register_forward_hook(lambda *_: hooked.append(1))
    with driver.on():
        for x, y in batches(3):
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
    return driver, model, optimizer, hooked


def broken(_):
    torch.rand(3)
    raise KeyError("broken")


@pytest.mark.parametrize(
    "around",
    [
        contextlib.nullcontext,
        torch.no_grad,
        torch.inference_mode,
        lambda: torch.autocast("cpu", dtype=torch.bfloat16),
    ],
)
@pytest.mark.parametrize(
    "variant",
    [Variant(), Variant(clear="never", rate=50.0), Variant(inputs=broken), Variant(module=broken)],
)
def test_a_replay_leaves_no_trace(variant, around, capsys):
    driver, model, optimizer, hooked = talkative_moment()
    capsys.readouterr()
    with around():
        before = fingerprint(model, optimizer)
        found = replay(driver.moment, variant=variant)
        assert fingerprint(model, optimizer) == before
    assert found.losses == [] if "broken" in found.error else len(found.losses) == 3
    if variant == Variant():
        assert found.values == driver.moment.values
    assert capsys.readouterr() == ("", "")
    assert model.seen == [6, 6, 6]
    assert len(hooked) == 3
    assert driver.recorder.events == []
    assert driver.recorder.gaps == []
    assert driver.idle is False


def test_a_replay_is_never_recorded_itself():
    driver, model, _, _ = talkative_moment()
    driver.moments.at.add(4)
    assert driver.recorder.steps == 3
    with driver.on():
        replay(driver.moment)
        assert driver.recorder.steps == 3
        assert not driver.moments.active
    assert model.training


def test_an_interrupt_passes_through_and_leaves_no_trace_either():
    driver, model, optimizer, _ = talkative_moment()

    def interrupted(_):
        raise KeyboardInterrupt

    before = fingerprint(model, optimizer)
    with pytest.raises(KeyboardInterrupt):
        replay(driver.moment, variant=Variant(inputs=interrupted))
    assert fingerprint(model, optimizer) == before
    assert driver.idle is False


def test_other_threads_may_print_meanwhile(capsys):
    driver, *_ = talkative_moment()
    capsys.readouterr()

    def shout(x):
        thread = threading.Thread(target=print, args=("from another thread",))
        thread.start()
        thread.join()
        return x

    assert replay(driver.moment, variant=Variant(inputs=shout)).error == ""
    assert capsys.readouterr().out == 3 * "from another thread\n"


def test_a_moment_can_be_replayed_any_number_of_times():
    moment = moment_of()
    first = replay(moment)
    for variant in (Variant(clear="never"), Variant(module=without_dropout), Variant(rate=1e9)):
        replay(moment, variant=variant)
    again = replay(moment)
    assert (first.values, first.hash) == (again.values, again.hash)
    assert verify(moment)


# ---------------------------------------------------------------- comparisons


def test_a_comparison_has_two_curves_and_a_sentence():
    found = compare(moment_of(), Variant("with gradients never cleared", clear="never"))
    mine, (theirs, _) = train()[0], train(clear_at="never")
    assert found.recorded.losses == mine
    assert found.changed.measured == theirs
    assert found.sentence == (
        f"In 9 steps the loss went from {mine[0]:.4g} to {mine[-1]:.4g} as recorded, "
        f"and to {theirs[-1]:.4g} with gradients never cleared."
    )


def test_a_comparison_says_when_the_loss_was_lost():
    found = compare(moment_of(), Variant("at an absurd learning rate", rate=1e38))
    step = next(i for i, x in enumerate(found.changed.losses, 1) if not math.isfinite(x))
    assert found.sentence.endswith(
        f"as recorded; at an absurd learning rate it was {found.changed.losses[step - 1]} at step {step}."
    )


def test_a_comparison_says_how_it_failed():
    found = compare(moment_of(), Variant("without flattening", module=lambda m: m[1:]))
    assert (
        "as recorded; without flattening it ended at step 1 with RuntimeError: mat1"
        in found.sentence
    )


def test_the_moment_s_copies_are_none_of_the_player_s():
    moment = moment_of()
    before = [p.clone() for p in moment.modules[0].parameters()]
    replay(moment, variant=Variant(rate=10.0))
    after = list(moment.modules[0].parameters())
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    assert all(p.grad is None for p in after)
    assert Copies().copy_module(moment.modules[0]) is not moment.modules[0]
