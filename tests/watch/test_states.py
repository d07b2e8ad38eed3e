"""States that are taken, kept, loaded and saved, and losses whose graph is kept."""

from __future__ import annotations

import collections
import copy
import gc
import inspect
import io
import itertools
import warnings

import pytest
import safetensors.torch
import torch
from tests.watch.pretend import Watcher
from torch import nn
from torch.utils.checkpoint import checkpoint

from goingdeep.record.seen import Kept, StateKept, StateLoaded, StateSaved
from goingdeep.watch.states.states import ROWS, LossesAlive, States
from goingdeep.watch.steps.alive import KEPT, YOUNG


def mlp() -> nn.Module:
    return nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Sequential(nn.Linear(5, 3)))


def line_above() -> int:
    """The line before the one that called this."""
    return inspect.currentframe().f_back.f_lineno - 1


class Loop:
    """A model that can be trained step by step, watched."""

    def __init__(self, *, make=torch.optim.SGD, model=None, **settings) -> None:
        torch.manual_seed(0)
        self.model = mlp() if model is None else model
        self.optimizer = make(self.model.parameters(), **{"lr": 0.1, **settings})
        self.scheduler = torch.optim.lr_scheduler.LambdaLR(self.optimizer, lambda _: 1.0)
        self.watcher = Watcher(
            models=[self.model], optimizers=[self.optimizer], schedulers=[self.scheduler]
        )
        self.watcher.states = self.states = States(self.watcher)
        for row in ROWS:
            self.watcher.patches.put(row)
        # What restores is tested with the watcher; here nothing may stay behind when a test fails.
        self.restore = self.watcher.patches.restore

    def step(self, count: int = 1) -> None:
        for _ in range(count):
            self.optimizer.zero_grad()
            self.model(torch.rand(2, 4)).square().sum().backward()
            self.optimizer.step()
            self.watcher.recorder.steps += 1

    def kept(self) -> list[StateKept]:
        return self.watcher.recorder.of(StateKept)

    def loaded(self) -> list[StateLoaded]:
        return self.watcher.recorder.of(StateLoaded)


@pytest.fixture
def loop():
    loops = []

    def new(**settings) -> Loop:
        loops.append(Loop(**settings))
        return loops[-1]

    yield new
    for made in loops:
        made.restore()


# ---------------------------------------------------------------- kept without a copy


def test_a_state_dict_that_is_kept_over_a_step_is_seen_with_its_line(loop):
    loop = loop()
    loop.step(3)
    best = loop.model.state_dict()
    line = line_above()
    loop.step()
    loop.states.check()
    (event,) = loop.kept()
    assert (event.model, event.site, event.taken, event.tensors, event.used) == (0, line, 3, 4, "")
    assert len(best) == 4


def test_it_is_reported_once_for_each_line(loop):
    loop = loop()
    best = []
    for _ in range(5):
        best.append(loop.model.state_dict())
        loop.step()
        loop.states.check()
    assert len(loop.kept()) == 1
    other = loop.model.state_dict()
    loop.step()
    loop.states.finish()
    assert len({event.site for event in loop.kept()}) == len(loop.kept()) == 2
    assert other


@pytest.mark.parametrize(
    "copied",
    [
        copy.deepcopy,
        lambda state: {k: v.clone() for k, v in state.items()},
        lambda state: collections.OrderedDict((k, v.detach().clone()) for k, v in state.items()),
        lambda state: {k: v.numpy().copy() for k, v in state.items()},
        lambda state: {k: v.double() for k, v in state.items()},
    ],
)
def test_a_copy_is_never_reported(loop, copied):
    loop = loop()
    best = copied(loop.model.state_dict())
    loop.step(2)
    loop.states.check()
    torch.save(best, io.BytesIO())
    loop.model.load_state_dict({k: torch.as_tensor(v).float() for k, v in best.items()})
    assert loop.kept() == []


def test_what_is_used_at_once_is_never_reported(loop):
    loop = loop()
    other = mlp()
    for _ in range(3):
        loop.step()
        state = loop.model.state_dict()
        other.load_state_dict(state)
        torch.save({"model": state, "epoch": 1}, io.BytesIO())
        loop.model.load_state_dict(state)
        del state
    loop.step()
    loop.states.check()
    assert loop.kept() == []


def test_a_kept_state_dict_without_a_step_in_between_is_not_stale(loop):
    loop = loop()
    best = loop.model.state_dict()
    loop.states.check()
    loop.model.load_state_dict(best)
    loop.states.check()
    assert loop.kept() == []


@pytest.mark.parametrize(
    "passed_on",
    [
        lambda state: state,
        lambda state: {k: v.cpu() for k, v in state.items()},  # on the CPU .cpu() copies nothing
        dict,
        copy.copy,
        lambda state: {k: v for k, v in state.items() if k.startswith("0.")},
    ],
)
def test_a_stale_state_that_is_loaded_back_is_seen_with_both_lines(loop, passed_on):
    loop = loop()
    loop.step(2)
    best = passed_on(loop.model.state_dict())
    line = line_above()
    loop.step(4)
    loop.model.load_state_dict(best, strict=False)
    use = line_above()
    (event,) = [event for event in loop.kept() if event.used]
    assert (event.used, event.site, event.use_site, event.taken) == ("loaded", line, use, 2)
    assert (event.model, event.into, event.tensors) == (0, 0, len(best))


def test_loading_into_another_model_is_told_apart(loop):
    loop = loop()
    online = loop.model.state_dict()
    loop.step(2)
    target = mlp()
    loop.watcher.known.append(target)
    target.load_state_dict(online)
    assert [(event.model, event.into) for event in loop.kept()] == [(0, 1)]


@pytest.mark.parametrize("wrapped", [lambda s: s, lambda s: {"epoch": 1, "best": {"model": s}}])
@pytest.mark.parametrize("place", [torch, torch.serialization])
def test_a_stale_state_that_is_saved_is_seen(loop, wrapped, place):
    loop = loop()
    best = loop.model.state_dict()
    loop.step(2)
    place.save(wrapped(best), io.BytesIO())
    use = line_above()
    assert [(event.used, event.use_site) for event in loop.kept()] == [("saved", use)]


def test_safetensors_too(loop, tmp_path):
    loop = loop()
    best = loop.model.state_dict()
    loop.step(1)
    safetensors.torch.save_file(best, tmp_path / "best.safetensors")
    assert [event.used for event in loop.kept()] == ["saved"]
    (saved,) = loop.watcher.recorder.of(StateSaved)
    assert saved.file == str(tmp_path / "best.safetensors")
    assert saved.keys == tuple(best)


@pytest.mark.parametrize(
    ("make", "settings"),
    [
        (torch.optim.SGD, {"foreach": True}),
        (torch.optim.Adam, {"fused": True}),  # moves no version counter
        (torch.optim.Adam, {"foreach": False}),
    ],
)
def test_a_change_is_seen_whatever_way_the_optimizer_writes(loop, make, settings):
    loop = loop(make=make, **settings)
    best = loop.model.state_dict()
    loop.step()
    loop.states.check()
    assert len(loop.kept()) == 1
    assert best


def test_a_change_is_seen_where_the_values_looked_at_stay_the_same(loop):
    loop = loop(model=nn.Sequential(*(nn.Linear(4, 4, bias=False) for _ in range(4))))
    loop.optimizer.param_groups[0]["params"] = list(loop.model[2:].parameters())
    best = loop.model.state_dict()
    loop.step()
    loop.states.check()
    assert len(loop.kept()) == 1
    assert best


def test_a_model_that_no_optimizer_owns_may_be_kept(loop):
    # An average of the weights is changed in place by the loop, which keeps its state on purpose.
    loop = loop()
    average = copy.deepcopy(loop.model)
    loop.watcher.known.append(average)
    state = average.state_dict()
    for _ in range(3):
        loop.step()
        with torch.no_grad():
            for name, value in loop.model.state_dict().items():
                state[name].mul_(0.9).add_(value, alpha=0.1)
    torch.save(state, io.BytesIO())
    loop.states.check()
    assert loop.kept() == []


def test_a_model_that_is_frozen_or_did_not_change_may_be_kept(loop):
    frozen = mlp().requires_grad_(False)
    loop = loop()
    loop.watcher.known.append(frozen)
    state = frozen.state_dict()
    loop.step()
    loop.states.check()
    assert loop.kept() == []
    assert state


def test_following_keeps_no_tensor_alive(loop):
    import weakref

    loop = loop()
    state = loop.model.state_dict()
    tensor, whole = weakref.ref(next(iter(state.values()))), weakref.ref(state)
    del state
    gc.collect()
    assert tensor() is None
    assert whole() is None


def test_a_hundred_kept_results_are_bounded(loop):
    loop = loop()
    kept = [loop.model.state_dict() for _ in range(150)]
    assert len(loop.states.aliases._taken) == 64
    loop.step()
    loop.model.load_state_dict(kept[-1])
    assert [event.used for event in loop.kept()] == ["loaded"]


# ---------------------------------------------------------------- loaded


def test_loading_counts_keys_and_names_some(loop):
    loop = loop()
    state = {f"module.{key}": value for key, value in mlp().state_dict().items()}
    loop.model.load_state_dict(state, strict=False)
    line = line_above()
    (event,) = loop.loaded()
    assert (event.what, event.number, event.class_name) == ("model", 0, "Sequential")
    assert (event.strict, event.site) == (False, line)
    assert (event.matched, event.missing, event.unexpected) == (0, 4, 4)
    assert event.missing_examples == ("0.weight", "0.bias", "2.0.weight", "2.0.bias")
    assert event.unexpected_examples[0] == "module.0.weight"


def test_loading_a_part_counts_what_matched(loop):
    loop = loop()
    state = mlp().state_dict()
    del state["2.0.weight"]
    state["other"] = torch.zeros(1)
    loop.model.load_state_dict(state_dict=state, strict=False)
    (event,) = loop.loaded()
    assert (event.matched, event.missing, event.unexpected) == (3, 1, 1)


def test_a_module_that_is_a_part_is_the_model_it_belongs_to(loop):
    loop = loop()
    loop.model[2].load_state_dict(mlp()[2].state_dict())
    mlp().load_state_dict(mlp().state_dict())
    assert [(event.number, event.matched, event.strict) for event in loop.loaded()] == [
        (0, 2, True), (-1, 4, True),
    ]  # fmt: skip


def test_a_load_that_raises_writes_nothing_and_the_next_one_does(loop):
    loop = loop()
    with pytest.raises(RuntimeError, match="Missing key"):
        loop.model.load_state_dict({})
    assert loop.loaded() == []
    loop.model.load_state_dict(mlp().state_dict())
    assert len(loop.loaded()) == 1


def test_optimizer_scheduler_and_scaler_are_told_apart(loop):
    loop = loop(make=torch.optim.Adam)
    loop.step()
    loop.optimizer.load_state_dict(copy.deepcopy(loop.optimizer.state_dict()))
    loop.scheduler.load_state_dict(loop.scheduler.state_dict())
    torch.amp.GradScaler("cpu").load_state_dict(torch.amp.GradScaler("cpu").state_dict())
    seen = [(event.what, event.number, event.class_name, event.matched) for event in loop.loaded()]
    assert seen[0] == ("optimizer", 0, "Adam", 4)
    assert seen[1][:3] == ("scheduler", 0, "LambdaLR")
    assert seen[2][:3] == ("scaler", -1, "GradScaler")
    assert [operation[::2] for operation in loop.watcher.operations] == [
        ("load", "optimizer"), ("load", "scheduler"), ("load", "scaler"),
    ]  # fmt: skip


def test_schedulers_inside_a_scheduler_are_not_counted(loop):
    loop = loop()
    inner = [torch.optim.lr_scheduler.StepLR(loop.optimizer, 1) for _ in range(2)]
    outer = torch.optim.lr_scheduler.ChainedScheduler(inner, loop.optimizer)
    loop.watcher.optimizers.scheduler = [*inner, outer].index
    outer.load_state_dict(outer.state_dict())
    assert [(event.class_name, event.number) for event in loop.loaded()] == [
        ("ChainedScheduler", 2)
    ]


def test_a_loop_that_loads_on_every_step_writes_a_bounded_number_of_events(loop):
    loop = loop()
    target = mlp()
    for _ in range(100):
        target.load_state_dict(loop.model.state_dict())
    assert len(loop.loaded()) == 8 + 3  # 16, 32, 64
    assert len(loop.watcher.operations) == 100


# ---------------------------------------------------------------- what else the file held


@pytest.fixture
def file(tmp_path):
    torch.manual_seed(0)
    model = mlp()
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.rand(2, 4)).sum().backward()
    optimizer.step()
    path = tmp_path / "last.pt"
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3}, path)
    return path


def test_the_rest_of_the_file_is_named(loop, file):
    loop = loop()
    saved = torch.load(file)
    loop.model.load_state_dict(saved["model"])
    loop.optimizer.load_state_dict(saved["optimizer"])
    assert [event.held for event in loop.loaded()] == [
        ("optimizer", "epoch"), ("model", "epoch"),
    ]  # fmt: skip


def test_also_when_the_keys_were_renamed(loop, file):
    loop = loop()
    state = {key.replace("module.", ""): value for key, value in torch.load(file)["model"].items()}
    loop.model.load_state_dict(state)
    assert [event.held for event in loop.loaded()] == [("optimizer", "epoch")]


def test_also_when_only_a_part_is_loaded(loop, tmp_path):
    loop = loop()
    safetensors.torch.save_file(mlp().state_dict(), tmp_path / "m.safetensors")
    flat = safetensors.torch.load_file(tmp_path / "m.safetensors")
    loop.model.load_state_dict(flat)
    loop.model.load_state_dict({k: v for k, v in flat.items() if k[0] == "0"}, strict=False)
    assert [event.held for event in loop.loaded()] == [(), ("2.0.bias", "2.0.weight")]


def test_a_state_from_elsewhere_held_nothing(loop, file):
    loop = loop()
    torch.load(file)
    loop.model.load_state_dict(mlp().state_dict())
    torch.manual_seed(0)
    assert [event.held for event in loop.loaded()] == [()]


def test_a_file_that_was_read_is_not_kept_in_memory(loop, file):
    import weakref

    loop = loop()
    saved = torch.load(file)
    tensor = weakref.ref(saved["model"]["0.weight"])
    del saved
    gc.collect()
    assert tensor() is None


# ---------------------------------------------------------------- saved


def test_saving_names_the_file_and_its_keys(loop, tmp_path):
    loop = loop()
    with (tmp_path / "b.pt").open("wb") as file:
        torch.save({"model": loop.model.state_dict(), 3: 1, object: 2}, file)
    torch.save(loop.model.state_dict(), f=tmp_path / "a.pt")
    torch.save(torch.zeros(1), str(tmp_path / "c.pt"))
    torch.save([1], io.BytesIO())
    assert [(event.file, event.keys) for event in loop.watcher.recorder.of(StateSaved)] == [
        (str(tmp_path / "b.pt"), ("model", "3", "type")),
        (str(tmp_path / "a.pt"), ("0.weight", "0.bias", "2.0.weight", "2.0.bias")),
        (str(tmp_path / "c.pt"), ()),
        ("", ()),
    ]
    assert [operation[2] for operation in loop.watcher.operations] == [
        "checkpoint",
        "model",
        "",
        "",
    ]


def test_a_save_that_fails_is_not_one(loop, tmp_path):
    loop = loop()
    with pytest.raises(Exception, match=r"pickle|lambda|local"):
        torch.save(lambda: 1, tmp_path / "a.pt")
    assert loop.watcher.recorder.of(StateSaved) == []


def test_every_row_stands_for_something_that_pytorch_has():
    for row in ROWS:
        assert row.needs or callable(getattr(row.owner(), row.name)), row.key
    assert {row.where.partition(":")[2] for row in ROWS} >= {"LambdaLR", "LRScheduler", "Module"}


# ---------------------------------------------------------------- losses whose graph is kept


class Losses:
    def __init__(self) -> None:
        self.watcher = Watcher()
        self.alive = LossesAlive(self.watcher)
        self.weight = nn.Parameter(torch.ones(3))

    def run(self, keep, steps: int = 100, *, backward: bool = True) -> None:
        for _ in range(steps):
            loss = (self.weight * torch.ones(3)).sum()
            self.alive.note(loss.grad_fn, 7)
            if backward:
                loss.backward()
            keep(loss)
            self.watcher.recorder.steps += 1
        del loss
        gc.collect()
        self.alive.check()

    def events(self) -> list[tuple[int, int, int]]:
        return [(e.site, e.alive, e.of) for e in self.watcher.recorder.of(Kept)]


@pytest.mark.parametrize("backward", [True, False])
def test_a_running_sum_of_losses_keeps_every_graph(backward):
    losses, total = Losses(), 0.0

    def keep(loss):
        nonlocal total
        total += loss  # each is a new tensor: those before are alive as nodes only

    losses.run(keep, backward=backward)
    [(site, alive, of)] = losses.events()
    assert site == 7
    assert alive == of > KEPT - YOUNG
    assert total.grad_fn is not None


def test_a_list_of_losses_keeps_every_graph():
    losses, every = Losses(), []
    losses.run(every.append)
    [(_, alive, of)] = losses.events()
    assert alive == of > KEPT - YOUNG


@pytest.mark.parametrize(
    "keep",
    [lambda _: None, torch.Tensor.item, torch.Tensor.detach, lambda loss: loss.detach().clone()],
)
def test_plain_numbers_keep_nothing(keep):
    losses, every = Losses(), []
    losses.run(lambda loss: every.append(keep(loss)))
    assert losses.events() == []
    [(alive, of)] = losses.alive.count().values()
    assert (alive, of > KEPT - YOUNG) == (0, True)


def test_losses_of_the_newest_steps_may_be_alive():
    losses, window = Losses(), collections.deque(maxlen=YOUNG)
    losses.run(window.append)
    assert losses.events() == []


def test_one_old_loss_that_is_alive_is_no_chain():
    losses, first = Losses(), []
    losses.run(lambda loss: first or first.append(loss), steps=KEPT)
    assert losses.alive.count()[7][0] == 1
    assert losses.events() == []


def test_growth_is_reported_each_time_it_has_doubled():
    losses, every = Losses(), []
    for _ in range(6):
        losses.run(every.append, steps=11)
    alive = [alive for _, alive, _ in losses.events()]
    assert all(later >= 2 * earlier for earlier, later in itertools.pairwise(alive))
    assert 1 < len(alive) < 6


def test_a_loss_of_a_function_written_in_python_is_followed_too():
    class Twice(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return 2 * x

        @staticmethod
        def backward(ctx, gradient):
            return 2 * gradient

    losses, every = Losses(), []
    for _ in range(40):
        loss = Twice.apply(losses.weight.sum())
        losses.alive.note(loss.grad_fn, 1)
        every.append(loss * 1)
        losses.watcher.recorder.steps += 1
    del loss
    assert losses.alive.count()[1] == (21, 21)
    every.clear()
    assert losses.alive.count()[1] == (0, 21)


def test_noting_changes_neither_gradients_nor_the_mode_that_finds_anomalies():
    plain, noted = Losses(), Losses()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with torch.autograd.set_detect_anomaly(True):
            for losses, note in ((plain, False), (noted, True)):
                inner = checkpoint(torch.sin, losses.weight, use_reentrant=False)
                loss = inner.square().sum()
                if note:
                    losses.alive.note(loss.grad_fn)
                    losses.alive.note(loss.grad_fn)
                loss.backward()
    assert torch.equal(plain.weight.grad, noted.weight.grad)


def test_a_tensor_without_a_graph_is_passed_over():
    losses = Losses()
    losses.alive.note(torch.zeros(()).grad_fn)
    losses.alive.finish()
    assert losses.alive.count() == {}
