"""A moment is recorded from any loop, and an unchanged replay of it gives the same bits."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import random
import weakref

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from tests.watch.driver import Driver
from torch import nn
from torch.utils.checkpoint import checkpoint

from goingdeep.watch.moments.moment import means
from goingdeep.watch.moments.recorded import Clear, Clip, Forward, copy_tensor
from goingdeep.watch.moments.replay import replay, verify

STEPS = 7


pytestmark = pytest.mark.usefixtures("one_thread")


def batches(count: int = STEPS, *shape: int, classes: int = 4) -> list[tuple]:
    draw = torch.Generator().manual_seed(1)
    shape = shape or (6, 5)
    return [
        (torch.randn(*shape, generator=draw), torch.randint(classes, shape[:1], generator=draw))
        for _ in range(count)
    ]


def mlp(inputs: int = 5, classes: int = 4) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, 8), nn.ReLU(), nn.Linear(8, classes))


def cnn() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.Dropout2d(0.3),
        nn.Flatten(), nn.Dropout(0.4), nn.Linear(4 * 36, 4),
    )  # fmt: skip


def sgd(model: nn.Module, **settings) -> torch.optim.Optimizer:
    return torch.optim.SGD(model.parameters(), **{"lr": 0.1, "momentum": 0.9, **settings})


# Each loop is a generator of the losses that it sees, one list a step. ---------------------------


def plain():
    model = mlp()
    optimizer = sgd(model)
    for x, y in batches():
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        yield [loss]


def with_everything_random():
    model = cnn().train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01, amsgrad=True)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=STEPS)
    loss_function = nn.CrossEntropyLoss(weight=torch.rand(4), label_smoothing=0.1)
    for x, y in batches(STEPS, 6, 1, 8, 8):
        optimizer.zero_grad()
        loss = loss_function(model(x), y)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        optimizer.step()
        scheduler.step()
        yield [loss]


def accumulation():
    model = mlp()
    optimizer = sgd(model)
    data = batches(4 * STEPS)
    for start in range(0, len(data), 4):
        losses = []
        for x, y in data[start : start + 4]:
            losses.append(F.cross_entropy(model(x), y))
            (losses[-1] / 4).backward()
        optimizer.step()
        optimizer.zero_grad()
        yield losses


def accumulation_in_one_backward():
    model = nn.Sequential(nn.Linear(5, 4), nn.Dropout(0.5))
    optimizer = sgd(model)
    data = batches(3 * STEPS)
    for start in range(0, len(data), 3):
        losses = [F.cross_entropy(model(x), y) for x, y in data[start : start + 3]]
        total = 0.0
        for loss in losses:
            total = total + loss * 0.25
        total.backward()
        optimizer.step()
        optimizer.zero_grad()
        yield losses


def gan():
    make, judge = mlp(3, 5), mlp(5, 1)
    optimizers = [torch.optim.Adam(m.parameters(), lr=0.01) for m in (make, judge)]
    noise = torch.Generator().manual_seed(3)
    criterion = nn.BCEWithLogitsLoss()
    for x, _ in batches():
        judge.zero_grad()
        fake = make(torch.randn(6, 3, generator=noise))
        real_loss = criterion(judge(x), torch.ones(6, 1))
        fake_loss = criterion(judge(fake.detach()), torch.zeros(6, 1))
        ((real_loss + fake_loss) * 0.5).backward()
        optimizers[1].step()
        yield [real_loss, fake_loss]
        make.zero_grad()
        loss = criterion(judge(fake), torch.ones(6, 1))
        loss.backward()
        optimizers[0].step()
        yield [loss]


def two_optimizers_after_one_backward():
    body, head = mlp(5, 6), nn.Linear(6, 4)
    optimizers = [sgd(body), torch.optim.RMSprop(head.parameters(), lr=0.01)]
    for x, y in batches():
        loss = F.cross_entropy(head(torch.relu(body(x))), y)
        loss.backward()
        for optimizer in optimizers:
            optimizer.step()
        body.zero_grad(set_to_none=False)
        head.zero_grad()
        yield [loss]
        yield []


def autocast():
    model = cnn()
    optimizer = sgd(model)
    scaler = torch.amp.GradScaler("cpu", enabled=False)
    for x, y in batches(STEPS, 6, 1, 8, 8):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = F.cross_entropy(model(x), y)
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        optimizer.zero_grad()
        yield [loss]


def hidden_state_carried_over():
    model, head = nn.LSTM(5, 6, 2, dropout=0.2), nn.Linear(6, 4)
    optimizer = torch.optim.Adam([*model.parameters(), *head.parameters()], lr=0.02)
    state = None
    for x, _ in batches(STEPS, 3, 2, 5):
        output, state = model(x) if state is None else model(x, state)
        scores = head(output)
        loss = F.cross_entropy(scores.view(-1, 4), torch.arange(6) % 4)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        state = tuple(part.detach() for part in state)
        yield [loss]


def small_operations_in_between():
    model = mlp(5, 1)
    optimizer = sgd(model)
    for x, y in batches():
        loss = F.binary_cross_entropy(torch.sigmoid(model(x)).squeeze(1), (y > 1).float())
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        yield [loss]


def softmax_twice():
    model = mlp()
    optimizer = sgd(model)
    for x, y in batches():
        loss = F.cross_entropy(torch.softmax(model(x), dim=-1), y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        yield [loss]


def log_softmax_and_nll():
    model = mlp()
    optimizer = sgd(model)
    for x, y in batches():
        loss = F.nll_loss(F.log_softmax(model(x), dim=1), y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        yield [loss]


def regression_with_broadcast():
    model = mlp(5, 1)
    optimizer = sgd(model, lr=0.01)
    for x, y in batches():
        with pytest.warns(UserWarning, match="target size"):
            loss = F.mse_loss(model(x), y.float())
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        yield [loss]


def cleared_by_hand(how: str):
    model = mlp()
    optimizer = sgd(model)
    for x, y in batches():
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        for parameter in model.parameters():
            if how == "none":
                parameter.grad = None
            elif how == "zero":
                parameter.grad.zero_()
            else:
                parameter.grad.data.zero_()  # moves no version
        yield [loss]


def never_cleared():
    model = mlp()
    optimizer = sgd(model, lr=0.01)
    for x, y in batches():
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        yield [loss]


def loss_inside_the_model(kind: type):
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = mlp()

        def forward(self, *, x, labels):
            logits = self.inner(x)
            loss = F.cross_entropy(logits, labels)
            return kind(loss=loss, logits=logits)

    model = Model()
    optimizer = sgd(model)
    for x, y in batches():
        output = model(x=x, labels=y)
        loss = output["loss"] if isinstance(output, dict) else output.loss
        (loss / 2).backward()
        optimizer.step()
        optimizer.zero_grad()
        yield [loss]


@dataclasses.dataclass
class Output:
    loss: torch.Tensor
    logits: torch.Tensor


def no_loss_function_but_a_mean():
    model = mlp(5, 1)
    optimizer = sgd(model)
    for x, _ in batches():
        root = -model(x).mean()
        root.backward()
        optimizer.step()
        optimizer.zero_grad()
        yield [root]


def unreduced_loss():
    model = mlp()
    optimizer = sgd(model)
    for x, y in batches():
        each = F.cross_entropy(model(x), y, reduction="none")
        each.mean().backward()
        optimizer.step()
        optimizer.zero_grad()
        yield [each.double().mean()]


def evaluation_in_between():
    model = nn.Sequential(nn.Linear(5, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 4))
    optimizer = sgd(model)
    for i, (x, y) in enumerate(batches()):
        if i == 3:
            for test, labels in batches(2):  # with a graph and in training mode: it moves BatchNorm
                F.cross_entropy(model(test), labels)
            model.eval()
            for test, labels in batches(2):
                F.cross_entropy(model(test), labels)
            model.train()
            random.random()
            torch.rand(3)
        if i >= 4:  # from here on BatchNorm's statistics count
            model.eval()
        if i == 5:
            model[2].train()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        yield [loss]


def step_with_a_closure():
    model = nn.Sequential(nn.Linear(5, 4), nn.Dropout(0.2))
    optimizer = sgd(model)
    for x, y in batches():

        def closure(x=x, y=y):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            return loss

        yield [optimizer.step(closure)]


def numbers_from_numpy_and_python():
    class Noisy(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = mlp()
            self.calls = []

        def forward(self, x):
            self.calls.append(x.shape)
            scale = random.random() + np.random.rand()  # noqa: NPY002
            return self.inner(x * scale)

    model = Noisy()
    optimizer = sgd(model)
    for x, y in batches():
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        yield [loss]
    assert len(model.calls) == STEPS


def tied_weights():
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.into = nn.Embedding(7, 6)
            self.out = nn.Linear(6, 7, bias=False)
            self.out.weight = self.into.weight

        def forward(self, words):
            return self.out(self.into(words))

    model = Tied()
    optimizer = sgd(model)
    for _, y in batches():
        loss = F.cross_entropy(model(y), y + 1)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        yield [loss]


def groups_with_their_own_rates():
    model = mlp()
    optimizer = torch.optim.SGD(
        [
            {"params": model[0].parameters(), "lr": 0.1},
            {"params": model[2].parameters(), "lr": 0.01, "weight_decay": 0.1},
        ]
    )
    for i, (x, y) in enumerate(batches()):
        for group in optimizer.param_groups:
            group["lr"] *= 0.5 + i % 2
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        nn.utils.clip_grad_value_(model.parameters(), 0.05)
        optimizer.step()
        optimizer.zero_grad()
        yield [loss]


def checkpointed():
    model = nn.Sequential(nn.Linear(5, 8), nn.Dropout(0.3), nn.Linear(8, 4))

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = model

        def forward(self, x):
            return checkpoint(self.inner, x, use_reentrant=False)

    whole = Model()
    optimizer = sgd(whole)
    for x, y in batches():
        loss = F.cross_entropy(whole(x), y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        yield [loss]


class Anew(torch.optim.Optimizer):
    """Makes its groups anew whenever it is asked for them, as fastai's do."""

    def __init__(self, params) -> None:
        self._groups = []
        self._made = False
        super().__init__(params, {"lr": 0.1})
        self._made = True

    @property
    def param_groups(self):
        return [dict(group) for group in self._groups] if self._made else self._groups

    @param_groups.setter
    def param_groups(self, groups):
        if self._made:
            for mine, new in zip(self._groups, groups, strict=True):
                mine.update(new)
        else:
            self._groups = groups

    @torch.no_grad()
    def step(self):
        for group in self._groups:
            for parameter in group["params"]:
                parameter.add_(parameter.grad, alpha=-group["lr"])


def groups_made_anew():
    model = mlp()
    optimizer = Anew(model.parameters())
    for i, (x, y) in enumerate(batches()):
        optimizer.param_groups = [{"lr": 0.1 / (1 + i)}]
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        yield [loss]


def with_a_scaler():
    model = mlp()
    optimizer = sgd(model)
    scaler = torch.amp.GradScaler("cpu", init_scale=1000.0)
    for x, y in batches():
        loss = F.cross_entropy(model(x), y)
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        scaler.step(optimizer)
        scaler.update()
        optimizer.zero_grad()
        yield [loss]


def views_of_one_tensor():
    data = torch.cat([x for x, _ in batches()])
    labels = torch.cat([y for _, y in batches()])
    model = mlp()
    optimizer = sgd(model, nesterov=True)
    for i in range(STEPS):
        x = data[6 * i : 6 * i + 6].t().contiguous().t()
        loss = F.cross_entropy(model(x), labels[6 * i : 6 * i + 6])
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        yield [loss]


LOOPS = {
    loop.__name__: loop
    for loop in (
        plain, with_everything_random, accumulation, accumulation_in_one_backward, gan,
        two_optimizers_after_one_backward, autocast, hidden_state_carried_over,
        small_operations_in_between, softmax_twice, log_softmax_and_nll, regression_with_broadcast,
        never_cleared, no_loss_function_but_a_mean, unreduced_loss, evaluation_in_between,
        step_with_a_closure, numbers_from_numpy_and_python, tied_weights,
        groups_with_their_own_rates, checkpointed, groups_made_anew, with_a_scaler,
        views_of_one_tensor,
    )
} | {
    "cleared_to_none_by_hand": lambda: cleared_by_hand("none"),
    "cleared_to_zero_by_hand": lambda: cleared_by_hand("zero"),
    "cleared_through_data_by_hand": lambda: cleared_by_hand("data"),
    "loss_in_a_dictionary": lambda: loss_inside_the_model(dict),
    "loss_in_an_ordered_dictionary": lambda: loss_inside_the_model(collections.OrderedDict),
    "loss_in_an_object": lambda: loss_inside_the_model(Output),
}  # fmt: skip


def seed() -> None:
    torch.manual_seed(5)
    np.random.seed(5)  # noqa: NPY002 - what programs draw from
    random.seed(5)


def numbers(losses) -> list[list[float]]:
    return [[loss.item() for loss in step] for step in losses]


def recorded(loop, **settings) -> tuple[Driver, list[list[float]]]:
    """Run a loop with a moment from its first step on."""
    seed()
    driver = Driver(**settings)
    with driver.on():
        seen = numbers(loop())
    return driver, seen


@pytest.mark.parametrize("name", LOOPS)
def test_an_unchanged_replay_gives_the_same_bits(name):
    driver, seen = recorded(LOOPS[name], length=100)
    assert driver.recorder.gaps == []
    moment = driver.moment
    assert moment.values == seen
    found = replay(moment)
    assert found.error == ""
    assert found.values == seen
    assert found.losses == moment.losses == found.measured
    assert verify(moment)
    assert moment.replayable is True
    assert replay(moment).hash == found.hash != ""


@pytest.mark.parametrize("name", LOOPS)
def test_recording_changes_no_bit_of_the_loop(name):
    def after(driver) -> tuple:
        seed()
        with driver.on() if driver else contextlib.nullcontext():
            losses = numbers(LOOPS[name]())
        return losses, torch.rand(3).tolist(), np.random.rand(), random.random()  # noqa: NPY002

    assert after(Driver(length=100)) == after(None)


@pytest.mark.parametrize("name", LOOPS)
def test_a_moment_from_the_middle_begins_where_the_loop_was(name):
    first = 2 * (1 + name.startswith("gan")) + 1
    driver, seen = recorded(LOOPS[name], at={first}, length=2)
    if name == "two_optimizers_after_one_backward":
        first, seen = 3, [*seen[2:], []]  # step 3 is the first optimizer's second
    assert driver.recorder.gaps == []
    moment = driver.moment
    assert (moment.step, len(moment.steps)) == (first, 2)
    if name != "two_optimizers_after_one_backward":
        assert moment.values == seen[first - 1 : first + 1]
    assert verify(moment), moment.reason


def test_the_hash_is_that_of_the_weights_the_loop_ended_with():
    seed()
    driver = Driver()
    with driver.on():
        model = cnn().train()
        optimizer = sgd(model)
        for x, y in batches(STEPS, 6, 1, 8, 8):
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
            optimizer.zero_grad()
    from goingdeep.watch.moments.replay import _hash

    assert replay(driver.moment).hash == _hash([model])
    with torch.no_grad():
        model[0].weight[0, 0, 0, 0] += 1e-6
    assert replay(driver.moment).hash != _hash([model])


# ---------------------------------------------------------------- what cannot be repeated


def by_hand():
    model = mlp(5, 1)
    optimizer = sgd(model)
    for x, y in batches():
        ((model(x).squeeze(1) - y) ** 2).mean().backward()
        optimizer.step()
        yield []


def lbfgs():
    model = mlp()
    optimizer = torch.optim.LBFGS(model.parameters(), max_iter=3)
    x, y = batches()[0]

    def closure():
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        return loss

    optimizer.step(closure)
    yield []


def gradients_of_gradients():
    model = mlp()
    optimizer = sgd(model)
    for x, y in batches():
        F.cross_entropy(model(x), y).backward(create_graph=True)
        optimizer.step()
        optimizer.zero_grad()
        yield []


def an_unknown_operation_in_between():
    model = mlp()
    optimizer = sgd(model)
    for x, y in batches():
        F.cross_entropy(model(x).cumsum(1), y).backward()
        optimizer.step()
        yield []


def a_regulariser_of_its_own():
    model = mlp()
    optimizer = sgd(model)
    for x, y in batches():
        loss = F.cross_entropy(model(x), y)
        (loss + 0.01 * sum(p.square().sum() for p in model.parameters())).backward()
        optimizer.step()
        yield []


def a_group_that_is_added():
    model = mlp()
    optimizer = torch.optim.SGD(model[2].parameters(), lr=0.1)
    for i, (x, y) in enumerate(batches()):
        if i == 2:
            optimizer.add_param_group({"params": list(model[0].parameters())})
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
        yield []


@pytest.mark.filterwarnings("ignore:Using backward.. with create_graph=True")
@pytest.mark.parametrize(
    ("loop", "reason"),
    [
        (by_hand, "the loss was made by PowBackward0"),
        (lbfgs, "LBFGS does several passes within one step"),
        (gradients_of_gradients, "gradients of gradients are taken"),
        (an_unknown_operation_in_between, "the input of the loss was made by CumsumBackward0"),
        (a_regulariser_of_its_own, "the loss was made by PowBackward0"),
        (a_group_that_is_added, "a parameter group was added"),
    ],
)
def test_what_cannot_be_repeated_is_a_gap_that_says_why(loop, reason):
    driver, _ = recorded(loop)
    assert driver.recorder.gaps == [("moment", reason)]
    assert driver.moments.kept == []
    assert not driver.moments.active


def weights_changed_by_hand():
    model = mlp()
    optimizer = sgd(model)
    for x, y in batches():
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        with torch.no_grad():
            model[0].weight.clamp_(-0.1, 0.1)
        yield [loss]


def hook_of_the_program():
    model = mlp()
    model[0].register_forward_hook(lambda module, args, output: output * 2)
    optimizer = sgd(model)
    for x, y in batches():
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        yield [loss]


def file_in_the_model():
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = mlp()
            self.lock = __import__("threading").Lock()

        def forward(self, x):
            with self.lock:
                return self.inner(x)

    model = Model()
    optimizer = sgd(model)
    for x, y in batches():
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        yield [loss]


@pytest.mark.parametrize(
    ("loop", "reason"),
    [
        (weights_changed_by_hand, "an unchanged replay gave other losses from its step 2 on"),
        (hook_of_the_program, "an unchanged replay gave other losses from its step 1 on"),
        (
            file_in_the_model,
            "an unchanged replay ended with TypeError: 'Absent' object does not support the context manager protocol; Model.lock was not copied: lock is not plain data",
        ),
    ],
)
def test_a_moment_that_an_unchanged_replay_does_not_reproduce_is_a_gap(loop, reason):
    driver, _ = recorded(loop)
    moment = driver.moment
    assert not verify(moment)
    assert not verify(moment)
    assert moment.replayable is False
    assert moment.reason.startswith(reason)
    assert driver.recorder.gaps == [("moment", moment.reason)]


def test_a_fault_of_our_own_costs_the_moment_and_no_more(monkeypatch):
    from goingdeep.watch.moments.recording import Recording

    monkeypatch.setattr(Recording, "loss", lambda *_: 1 / 0)
    driver, seen = recorded(plain)
    assert driver.recorder.gaps == [("moment", "ZeroDivisionError: division by zero")]
    assert len(seen) == STEPS


# ---------------------------------------------------------------- bounds


def test_a_moment_ends_earlier_when_it_would_take_too_much():
    whole, _ = recorded(plain)
    size = whole.moment.size
    batch = 6 * 5 * 4 + 6 * 8
    driver, seen = recorded(plain, limit=size - 2 * batch)
    assert driver.recorder.gaps == []
    moment = driver.moment
    assert len(moment.steps) == STEPS - 2
    assert moment.values == seen[: STEPS - 2]
    assert moment.size <= size - 2 * batch
    assert verify(moment)


def test_a_model_that_is_too_large_is_a_gap():
    driver, _ = recorded(plain, limit=100)
    assert driver.recorder.gaps == [("moment", "it would take more than 0 MiB")]


def test_the_limit_is_for_all_moments_together():
    whole, _ = recorded(plain)
    size = whole.moment.size
    driver, _ = recorded(plain, at={1, 4}, length=2, limit=size)
    assert len(driver.moments.kept) == 2
    assert sum(moment.size for moment in driver.moments.kept) <= size
    assert all(verify(moment) for moment in driver.moments.kept)


def test_a_tensor_that_is_used_on_every_step_is_copied_once():
    def full_batch():
        x, y = batches(1, 600, 5)[0]
        model = mlp()
        optimizer = sgd(model)
        for _ in range(STEPS):
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            yield [loss]

    driver, _ = recorded(full_batch)
    assert driver.moment.size < 2 * 600 * (5 * 4 + 8)
    assert verify(driver.moment)


def test_a_batch_that_is_written_into_is_copied_again():
    def reused():
        x = torch.zeros(6, 5)
        model = mlp()
        optimizer = sgd(model)
        for values, y in batches():
            x.copy_(values)
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            yield [loss]

    driver, _ = recorded(reused)
    assert verify(driver.moment)


def test_an_evaluation_takes_no_memory():
    def with_evaluation():
        model = mlp()
        optimizer = sgd(model)
        for i, (x, y) in enumerate(batches()):
            if i == 3:
                model.eval()
                for test, labels in batches(20, 600, 5):
                    F.cross_entropy(model(test), labels)
                with torch.no_grad():
                    model(torch.zeros(100_000, 5))
                model.train()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            yield [loss]

    driver, _ = recorded(with_evaluation)
    plainly, _ = recorded(plain)
    assert driver.moment.size == plainly.moment.size
    assert [type(op) for op in driver.moment.steps[3].operations].count(Forward) == 1
    assert verify(driver.moment)


def test_a_moment_keeps_nothing_of_the_program_alive():
    seed()
    driver = Driver()
    with driver.on():
        model = mlp()
        optimizer = sgd(model)
        for x, y in batches():
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
        driver.optimizers.alive.clear()
    seen = [weakref.ref(each) for each in (model, optimizer, loss, x, y, model[0].weight)]
    node = loss.grad_fn
    tag = collections.UserDict()
    node.metadata["tag"] = tag
    seen.append(weakref.ref(tag))
    del model, optimizer, loss, x, y, node, tag
    assert [reference() for reference in seen] == [None] * 7
    assert verify(driver.moment)


def test_a_later_change_of_the_program_s_objects_does_not_reach_the_moment():
    seed()
    driver = Driver(length=3)
    with driver.on():
        model = mlp()
        optimizer = sgd(model)
        data = batches()
        for x, y in data:
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
            optimizer.zero_grad()
    with torch.no_grad():
        for tensor in (*model.parameters(), *(x for x, _ in data)):
            tensor.zero_()
    model.eval()
    optimizer.param_groups[0]["lr"] = 0.0
    assert verify(driver.moment)


# ---------------------------------------------------------------- what is recorded


def test_only_the_thread_that_began_is_recorded():
    driver = Driver()
    model = mlp()
    driver.moments.forward_started("one", model, (torch.zeros(1, 5),), {})
    driver.moments.forward_started("other", mlp(), (1,), {})
    driver.moments.forward_ended("other", model, (), {}, None)
    assert driver.moments.active
    assert driver.recorder.gaps == []


def test_a_moment_is_wanted_once_and_not_during_another():
    driver = Driver(at={2, 3})
    assert not driver.moments.wants(1)
    assert driver.moments.wants(2)
    driver.recorder.steps = 1
    driver.moments.forward_started("lane", mlp(), (), {})
    assert not driver.moments.wants(3)
    assert not driver.moments.wants(2)


def test_clears_and_clips_are_recorded_where_they_happen():
    driver, _ = recorded(with_everything_random)
    names = [type(op).__name__ for op in driver.moment.steps[2].operations]
    assert names == ["Clear", "Forward", "Loss", "Backward", "Clip", "Step"]
    (clip,) = [op for op in driver.moment.steps[2].operations if isinstance(op, Clip)]
    assert (clip.how, clip.limit, len(clip.parameters)) == ("norm", 0.5, 6)
    hand, _ = recorded(lambda: cleared_by_hand("zero"))
    cleared = [op.to_none for op in hand.moment.steps[2].operations if isinstance(op, Clear)]
    assert cleared == [False]


@pytest.mark.parametrize(
    "tensor",
    [
        torch.randn(3, 4), torch.randn(3, 4).t(), torch.randn(50, 20)[:, :3],
        torch.randn(5).expand(3, 5), torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last),
        torch.zeros(0, 3), torch.tensor(3.0), torch.arange(10)[2:7],
        torch.randn(4, 1).expand(4, 6), torch.eye(3).to_sparse(), torch.randn(3).bfloat16(),
    ],
)  # fmt: skip
def test_a_copied_tensor_has_the_same_numbers_and_layout_and_its_own_memory(tensor):
    copied = copy_tensor(tensor)
    assert torch.equal(copied.to_dense(), tensor.to_dense())
    assert copied.dtype == tensor.dtype
    if tensor.layout == torch.strided and tensor.numel():
        assert copied.data_ptr() != tensor.data_ptr()
        whole = tensor.storage_offset() == 0 and tensor.untyped_storage().nbytes() < 500
        assert not whole or copied.stride() == tensor.stride()


def test_means_of_steps():
    assert means([[1.0, 3.0], [], [0.5]]) == [2.0, 2.0, 0.5]
    assert str(means([[], [1.0]])) == "[nan, 1.0]"
    assert str(means([[float("inf"), float("-inf")]])) == "[nan]"
