"""The loop does what the quickstart's own loop does, and leaves alone what it says it does."""

from __future__ import annotations

import contextlib
import typing
from collections.abc import Callable

import pytest
import torch
from jaxtyping import Float, Int, jaxtyped
from torch import Tensor, nn

from goingdeep import models
from goingdeep.train import loop

CPU = torch.device("cpu")
EXACT = contextlib.nullcontext()


def batches(count: int = 4, size: int = 8, *, side: int = 12) -> list[tuple[Tensor, Tensor]]:
    draw = torch.Generator().manual_seed(1)
    return [
        (
            torch.rand(size - (i == count - 1), 1, side, side, generator=draw),
            torch.randint(10, (size - (i == count - 1),), generator=draw),
        )
        for i in range(count)
    ]


def mlp() -> nn.Module:
    return models.build("mlp", 1, 12, 12, 10)


def with_everything() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout2d(0.3), nn.Flatten(),
        nn.Dropout(0.4), nn.LazyLinear(10),
    )  # fmt: skip


def new(make: Callable[[], nn.Module], seed: int = 3) -> nn.Module:
    torch.manual_seed(seed)
    model = make().train()
    with torch.no_grad():
        model.eval()(batches()[0][0])  # the lazy layer learns its size
    return model


def sgd(model: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)


def quickstart(dataloader, model, loss_fn, optimizer) -> list[float]:
    """The tutorial's train function, as it is written there; the losses are handed out."""
    losses = []
    model.train()
    for _batch, (X, y) in enumerate(dataloader):  # noqa: N806 - the tutorial's own names
        pred = model(X)
        loss = loss_fn(pred, y)

        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    return losses


def same_state(model: nn.Module, other: nn.Module) -> bool:
    mine, others = model.state_dict(), other.state_dict()
    return mine.keys() == others.keys() and all(torch.equal(mine[k], others[k]) for k in mine)


def run(model, optimizer=None, *, data=None, rates=None, loss_function=None) -> list[Tensor]:
    data = batches() if data is None else data
    rates = [0.1] * len(data) if rates is None else rates
    return list(
        loop.train(
            model, data, loss_function or nn.CrossEntropyLoss(), optimizer or sgd(model),
            rates, EXACT, CPU,
        )
    )  # fmt: skip


# -------------------------------------------------------------------- train


@pytest.mark.parametrize("make", [mlp, with_everything])
@pytest.mark.parametrize("seed", [0, 7])
def test_the_same_bits_as_the_quickstart(make, seed):
    plain = new(make, seed)
    torch.manual_seed(seed)
    plain_optimizer = sgd(plain)
    losses = [quickstart(batches(), plain, nn.CrossEntropyLoss(), plain_optimizer) for _ in "12"]

    ours = new(make, seed)
    assert not same_state(plain, ours)
    torch.manual_seed(seed)
    optimizer = sgd(ours)
    our_losses = [[loss.item() for loss in run(ours, optimizer)] for _ in "12"]

    assert our_losses == losses
    assert same_state(plain, ours)
    for p, q in zip(plain.parameters(), ours.parameters(), strict=True):
        momentum = plain_optimizer.state[p]["momentum_buffer"]
        assert torch.equal(momentum, optimizer.state[q]["momentum_buffer"])


def test_gradients_are_cleared_after_every_step():
    model = new(mlp)
    steps = loop.train(model, batches(), nn.CrossEntropyLoss(), sgd(model), [0.1] * 4, EXACT, CPU)
    for _ in steps:
        assert all(p.grad is None for p in model.parameters())


def test_the_loss_is_that_before_the_step_and_holds_no_graph():
    model = new(mlp)
    images, labels = batches()[0]
    before = nn.functional.cross_entropy(model.train()(images), labels)
    (loss,) = run(model, data=[(images, labels)])
    assert torch.equal(loss, before)
    assert not loss.requires_grad
    assert nn.functional.cross_entropy(model(images), labels) < loss


def test_nothing_is_done_before_it_is_asked_for():
    model = new(mlp).eval()
    before = [p.clone() for p in model.parameters()]
    steps = loop.train(model, batches(), nn.CrossEntropyLoss(), sgd(model), [0.1] * 4, EXACT, CPU)
    assert not model.training
    assert all(torch.equal(p, q) for p, q in zip(model.parameters(), before, strict=True))
    next(steps)
    assert model.training
    assert not any(torch.equal(p, q) for p, q in zip(model.parameters(), before, strict=True))


def test_each_step_has_its_learning_rate():
    plain, ours = new(mlp), new(mlp)
    rates = [0.5, 0.0, 0.25, 0.125]
    by_hand = torch.optim.SGD(plain.parameters(), lr=1.0)
    for rate, batch in zip(rates, batches(), strict=True):
        by_hand.param_groups[0]["lr"] = rate
        quickstart([batch], plain, nn.CrossEntropyLoss(), by_hand)
    run(ours, torch.optim.SGD(ours.parameters(), lr=1.0), rates=rates)
    assert same_state(plain, ours)


def test_every_group_gets_the_rate():
    model = new(mlp)
    weights = [p for p in model.parameters() if p.ndim > 1]
    biases = [p for p in model.parameters() if p.ndim == 1]
    optimizer = torch.optim.SGD([{"params": weights}, {"params": biases, "lr": 7.0}], lr=1.0)
    run(model, optimizer, rates=[0.3, 0.2, 0.1, 0.05])
    assert [group["lr"] for group in optimizer.param_groups] == [0.05, 0.05]


def test_it_ends_when_the_rates_or_the_batches_end():
    assert len(run(new(mlp), rates=[0.1, 0.1])) == 2
    assert len(run(new(mlp), rates=iter([0.1] * 99))) == 4
    assert run(new(mlp), data=[]) == []


def test_forward_and_loss_run_in_the_precision_and_backward_does_not():
    inside, seen = [], []

    class Precision:
        def __enter__(self):
            inside.append(1)

        def __exit__(self, *_):
            inside.pop()

    model = new(mlp)
    model.register_forward_hook(lambda *_: seen.append(("forward", len(inside))))

    def loss_function(logits, labels):
        seen.append(("loss", len(inside)))
        logits.register_hook(lambda _: seen.append(("backward", len(inside))))
        return nn.functional.cross_entropy(logits, labels)

    data = batches(2)
    list(loop.train(model, data, loss_function, sgd(model), [0.1] * 2, Precision(), CPU))
    assert seen == [("forward", 1), ("loss", 1), ("backward", 0)] * 2


# -------------------------------------------------------------------- evaluate


def test_evaluate_is_eval_mode_by_hand():
    model = new(with_everything)
    logits = loop.evaluate(model, batches(), EXACT, CPU)
    with torch.no_grad():
        by_hand = torch.cat([model.eval()(images) for images, _ in batches()])
    assert torch.equal(logits, by_hand)
    assert logits.dtype == torch.float32
    assert not logits.requires_grad


def test_evaluate_changes_the_mode_and_nothing_else():
    model = new(with_everything).train()
    optimizer = sgd(model)
    quickstart(batches(), model, nn.CrossEntropyLoss(), optimizer)
    nn.functional.cross_entropy(model(batches()[0][0]), batches()[0][1]).backward()
    state = {key: value.clone() for key, value in model.state_dict().items()}
    gradients = [p.grad.clone() for p in model.parameters()]
    generator = torch.get_rng_state()
    loop.evaluate(model, batches(), EXACT, CPU)
    assert not any(module.training for module in model.modules())
    assert all(torch.equal(value, state[key]) for key, value in model.state_dict().items())
    assert all(torch.equal(p.grad, g) for p, g in zip(model.parameters(), gradients, strict=True))
    assert torch.equal(torch.get_rng_state(), generator)
    assert torch.is_grad_enabled()


def test_evaluate_in_half_precision_gives_single_precision():
    model = new(mlp)
    precision = torch.autocast("cpu", torch.bfloat16)
    logits = loop.evaluate(model, batches(), precision, CPU)
    exact = loop.evaluate(model, batches(), EXACT, CPU)
    assert logits.dtype == torch.float32
    assert not torch.equal(logits, exact)
    torch.testing.assert_close(logits, exact, rtol=0.05, atol=0.05)


# -------------------------------------------------------------------- shapes


class WrongShapeError(Exception):
    pass


def hints(function) -> dict[str, typing.Any]:
    """The annotations of a function of the loop, which imports jaxtyping for type checkers only."""
    return typing.get_type_hints(function, vars(loop) | {"Float": Float, "Int": Int})


def expect(value: object, kind: type) -> None:
    # Letters that were seen before in the same context must stand for the same length.
    if not isinstance(value, kind):
        raise WrongShapeError(f"{kind}: {tuple(value.shape)} {value.dtype}")


def checked_train(model, data, loss_function) -> None:
    """Train, with everything that goes in and out held against the annotations."""
    annotations = hints(loop.train)
    image_kind, label_kind = typing.get_args(typing.get_args(annotations["batches"])[0])
    taken, given = typing.get_args(annotations["loss_function"])
    (yielded,) = typing.get_args(annotations["return"])
    seen: list[list[tuple[Tensor, type]]] = []

    def watched_batches():
        for images, labels in data:
            seen.append([(images, image_kind), (labels, label_kind)])
            yield images, labels

    def watched_loss(logits, labels):
        loss = loss_function(logits, labels)
        seen[-1] += [(logits, taken[0]), (labels, taken[1]), (loss, given)]
        return loss

    watched = zip(run(model, data=watched_batches(), rates=[0.1] * 9, loss_function=watched_loss),
                  seen, strict=True)  # fmt: skip
    for loss, step in watched:
        with jaxtyped("context"):
            for value, kind in [*step, (loss, yielded)]:
                expect(value, kind)


def checked_evaluate(model, data) -> None:
    annotations = hints(loop.evaluate)
    image_kind, label_kind = typing.get_args(typing.get_args(annotations["batches"])[0])
    for images, labels in data:
        with jaxtyped("context"):
            expect(images, image_kind)
            expect(labels, label_kind)
            expect(loop.evaluate(model, [(images, labels)], EXACT, CPU), annotations["return"])


@pytest.mark.parametrize("make", [mlp, with_everything])
def test_the_shapes_are_those_of_the_annotations(make):
    model = new(make)
    checked_train(model, batches(), nn.CrossEntropyLoss())
    checked_evaluate(model, batches())


def spoil(images: bool = False, labels: bool = False) -> list[tuple[Tensor, Tensor]]:
    return [(x[:, 0] if images else x, y[:, None] if labels else y) for x, y in batches()]


@pytest.mark.parametrize(
    ("data", "loss_function"),
    [
        (spoil(images=True), nn.functional.cross_entropy),
        (spoil(labels=True), lambda z, y: nn.functional.cross_entropy(z, y[:, 0])),
        (batches(), lambda z, y: nn.functional.cross_entropy(z, y)[None]),
        ([(x, y[1:]) for x, y in batches()], lambda z, y: nn.functional.cross_entropy(z[1:], y)),
        ([(x, y.double()) for x, y in batches()],
         lambda z, y: nn.functional.cross_entropy(z, y.long())),
        ([(x.mul(255).byte(), y) for x, y in batches()], nn.functional.cross_entropy),
    ],
    ids=["no channels", "labels N,1", "loss of one axis", "fewer labels", "labels in floats",
         "images in bytes"],
)  # fmt: skip
def test_a_wrong_shape_does_not_fit_the_annotations(data, loss_function):
    class Takes(nn.Sequential):
        def forward(self, images: Tensor) -> Tensor:
            return super().forward(images.float())

    model = Takes(nn.Flatten(), nn.Linear(144, 10))
    with pytest.raises(WrongShapeError):
        checked_train(model, data, loss_function)


def test_scores_of_a_wrong_shape_do_not_fit_the_annotations():
    class OneTooMany(nn.Linear):
        def forward(self, images: Tensor) -> Tensor:
            return super().forward(images.flatten(1))[:, None]

    with pytest.raises(WrongShapeError):
        checked_evaluate(OneTooMany(144, 10), batches())
