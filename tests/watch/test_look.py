"""A whole close look: its order, its bounds, and that it changes no bit."""

from __future__ import annotations

import pytest
import torch
from tests.watch.looked import Seeing, images, look_at, mlp, train_step, watcher_of
from torch import nn

from goingdeep.record.look import LookBackward, LookBatch, LookCall, LookStep
from goingdeep.watch.looks.look import Look


def test_a_step_is_told_operation_by_operation():
    torch.manual_seed(0)
    recorder = look_at(mlp())
    assert [type(event).__name__ for event in recorder.events] == [
        "LookBatch", *["LookCall"] * 7, "LookLoss", "LookBackward", "LookStep", "LookClear",
    ]  # fmt: skip
    assert {(event.look, event.phase) for event in recorder.events} == {(7, "training")}
    assert [event.site for event in recorder.events if not isinstance(event, LookCall)] == [
        1, 3, 4, 5, 6,
    ]  # fmt: skip
    sentences = [event.sentence for event in recorder.events]
    assert sentences[:3] == [
        "a batch of 20x1x6x6 (float32) and 20 (int64)",
        "Sequential: 20x1x6x6 becomes 20x10",
        "Flatten: 20x1x6x6 becomes 20x36",
    ]
    assert sentences[3] == "Linear: 20x36 becomes 20x8, 296 parameters"
    assert sentences[8].startswith("cross_entropy of 20x10 scores and 20 labels: 2.")
    assert sentences[9] == "backward reached 6 of 6 trainable parameters"
    assert sentences[10].startswith("SGD with lr 0.1 moved 6 parameters; the largest change is")
    assert sentences[11] == "the optimizer cleared 6 gradients: none left"
    assert recorder.gaps == []


# ---------------------------------------------------------------- evaluations in between


def forward(look, model, x):
    with Seeing(look), torch.no_grad():
        return model(x)


def test_an_evaluation_in_between_is_forgotten_and_the_step_before_it_not():
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    watcher = watcher_of(model)
    look = Look(watcher, 1)
    for _ in range(3):  # before the first backward
        look.batch(1, 0, images())
        forward(look, model, images()[0])
        look.drop_forward()
    train_step(look, model, optimizer, images(), clear=False)
    look.batch(1, 0, images())
    forward(look, model, images()[0])
    look.loss(0, "mse_loss", torch.ones(2), torch.ones(2), torch.tensor(0.0), 0, {})
    look.drop_forward()
    look.finish()
    assert [type(event).__name__ for event in watcher.recorder.events] == [
        "LookBatch", *["LookCall"] * 7, "LookLoss", "LookBackward", "LookStep",
    ]  # fmt: skip
    assert watcher.recorder.of(LookBatch)[0].loader == 0


def test_two_loaders_may_be_read_before_one_forward():
    watcher = watcher_of()
    look = Look(watcher, 1)
    for loader in (0, 0, 0, 1):
        look.drop_forward()
        look.batch(loader, 0, torch.full((2,), float(loader)))
    forward(look, nn.Identity(), torch.ones(1))
    look.batch(0, 0, torch.ones(5))
    look.finish()
    # Walking a loader without any forward leaves the newest batch only.
    assert [event.loader for event in watcher.recorder.of(LookBatch)] == [0, 1, 0]


def test_a_batch_can_move_to_the_look_at_an_evaluation():
    watcher = watcher_of()
    training, evaluation = Look(watcher, 1), Look(watcher, 0, phase="evaluation")
    for loader in (4, 5, 4):
        training.batch(loader, 2, torch.ones(3))
    training.give_batches(4, evaluation)
    forward(evaluation, nn.Identity(), torch.ones(1))
    evaluation.finish()
    training.give_batches(4, None)
    training.finish()
    assert [(type(event), event.phase) for event in watcher.recorder.events] == [
        (LookBatch, "evaluation"), (LookCall, "evaluation"), (LookBatch, "training"),
    ]  # fmt: skip
    assert [event.loader for event in watcher.recorder.of(LookBatch)] == [4, 5]


# ---------------------------------------------------------------- bounds


def test_of_many_calls_the_first_are_kept_and_the_rest_counted():
    model = nn.Sequential(*[nn.Identity() for _ in range(400)])
    watcher = watcher_of(model)
    look = Look(watcher, 9)
    forward(look, model, torch.ones(2))
    look.finish()
    calls = watcher.recorder.of(LookCall)
    assert 100 < len(calls) <= 256
    assert [call.index for call in calls] == list(range(len(calls)))
    assert calls[0].outputs[0].shape == (2,)
    assert watcher.recorder.bytes <= 100_000
    ((what, reason),) = watcher.recorder.gaps
    assert what == "close look"
    assert f"{401 - len(calls)} operations of step 9 were left out" in reason


def test_the_bytes_of_a_look_are_bounded_whatever_the_names():
    model = nn.Sequential()
    for index in range(120):
        model.add_module("x" * 2000 + str(index), nn.Linear(2, 2))
    batch = (torch.rand(4, 2), torch.tensor([0, 1, 0, 1]))
    recorder = look_at(model, batch=batch)
    assert recorder.bytes <= 100_000
    assert len(recorder.gaps) == 1


def test_of_many_parameters_the_first_and_the_last_are_shown():
    model = nn.Sequential(*[nn.Linear(1, 1) for _ in range(200)])
    batch = (torch.rand(4, 1), torch.tensor([0, 0, 0, 0]))
    recorder = look_at(model, batch=batch)
    backward, step = recorder.of(LookBackward)[0], recorder.of(LookStep)[0]
    for rows, left_out in ((backward.gradients, backward.left_out), (step.updates, step.left_out)):
        assert (len(rows), left_out) == (256, 144)
        assert (rows[0].name, rows[-1].name) == ("0.weight", "199.bias")
    assert backward.sentence.startswith("backward reached 400 of 400 trainable parameters")
    assert [weight.name for weight in step.weights] == ["0.weight", "199.bias"]


def test_accumulating_over_many_backwards_stays_within_the_bounds():
    model = mlp()
    watcher = watcher_of(model)
    look = Look(watcher, 1)
    for index in range(80):
        look.batch(0, 0, images(seed=index))
        with Seeing(look):
            value = model(images()[0]).sum()
        look.before_backward((value,), 0)
        value.backward()
        look.after_backward()
    look.finish()
    recorder = watcher.recorder
    assert len(recorder.of(LookBackward)) <= 64
    assert sum(len(event.gradients) for event in recorder.of(LookBackward)) == 256
    assert recorder.of(LookBackward)[-1].left_out == 6
    assert recorder.bytes <= 100_000
    assert len(recorder.gaps) == 1


# ---------------------------------------------------------------- faults


def test_a_fault_ends_the_look_and_not_the_program():
    model = mlp()
    watcher = watcher_of(model)
    look = Look(watcher, 1)

    def place(module):
        if isinstance(module, nn.ReLU):
            raise OSError("gone\nand more")
        return 0, "name"

    watcher.models.place = place
    train_step(look, model, torch.optim.SGD(model.parameters(), lr=0.1), images())
    look.finish()
    assert watcher.recorder.gaps == [("close look", "OSError: gone")]
    assert [type(event).__name__ for event in watcher.recorder.events] == [
        "LookBatch",
        *["LookCall"] * 3,
    ]
    look.finish()
    assert len(watcher.recorder.events) == 4


def test_what_comes_out_of_order_is_borne():
    look = Look(watcher_of(), 1)
    look.after_backward()
    look.after_clear()
    look.after_step(object())
    look.call_ended(nn.Identity(), (), None)
    look.drop_forward()
    look.before_backward((None, 3), 0)
    look.finish()
    look.batch(0, 0, torch.ones(1))
    look.finish()


@pytest.mark.filterwarnings("ignore")
def test_a_model_that_is_traced_gets_nothing_of_ours_into_its_graph():
    model = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
    plain = str(torch.jit.trace(model, torch.ones(1, 2), check_trace=False).graph)
    watcher = watcher_of(model)
    look = Look(watcher, 1)
    with Seeing(look):
        traced = str(torch.jit.trace(model, torch.ones(1, 2), check_trace=False).graph)
    look.finish()
    assert watcher.recorder.events == []
    assert traced.count("aten::") == plain.count("aten::")


# ---------------------------------------------------------------- the same bits


class Noisy(nn.Module):
    """Dropout, BatchNorm, an in-place ReLU, a shared layer and a buffer."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3)
        self.norm = nn.BatchNorm2d(4)
        self.act = nn.ReLU(inplace=True)
        self.drop = nn.Dropout(0.3)
        self.shared = nn.Linear(64, 64)
        self.out = nn.Linear(64, 10)

    def forward(self, x):
        x = self.drop(self.act(self.norm(self.conv(x)))).flatten(1)
        return self.out(self.shared(self.shared(x).relu()))


OPTIMIZERS = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.01),
    "adagrad": lambda p: torch.optim.Adagrad(p, lr=0.01),
    "amsgrad": lambda p: torch.optim.Adam(p, lr=0.01, amsgrad=True, foreach=True),
}


@pytest.mark.parametrize("autocast", [False, True], ids=["float32", "bfloat16"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_looking_at_every_step_changes_no_bit(name, autocast):
    def run(looking):
        torch.manual_seed(13)
        model = Noisy()
        optimizer = OPTIMIZERS[name](model.parameters())
        watcher = watcher_of(model)
        losses, versions = [], []
        for step in range(4):
            look = Look(watcher, step + 1) if looking else None
            context = torch.autocast("cpu", torch.bfloat16, enabled=autocast)
            with context:
                losses.append(
                    train_step(look, model, optimizer, images(seed=step), clear=step % 2 == 1)
                )
            versions += [p._version for p in model.parameters()]
            versions += [p.grad is None or p.grad._version for p in model.parameters()]
            if look is not None:
                look.finish()
        state = [*model.state_dict().values(), *losses, torch.get_rng_state()]
        for entry in optimizer.state.values():
            state += [value for value in entry.values() if isinstance(value, torch.Tensor)]
        if looking:
            assert watcher.recorder.gaps == []
            assert len(watcher.recorder.of(LookStep)) == 4
        return state, versions, [list(entry) for entry in optimizer.state.values()]

    plain, looked = run(looking=False), run(looking=True)
    assert len(plain[0]) == len(looked[0])
    for one, other in zip(plain[0], looked[0], strict=True):
        assert torch.equal(one, other)
        assert one.dtype is other.dtype
    assert plain[1:] == looked[1:]
