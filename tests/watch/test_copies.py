"""Copies of modules and optimizers behave as the originals, share nothing, and run none of their code."""

from __future__ import annotations

import collections
import copy
import dataclasses
import enum
import functools
import gc
import random
import threading
import types
import typing
import weakref

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, prune

from goingdeep.watch.moments.copies import Copies
from goingdeep.watch.moments.plain_data import Absent, CannotCopyError, TooLargeError


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def tensors(module: nn.Module) -> dict[str, torch.Tensor]:
    return {**dict(module.named_parameters()), **dict(module.named_buffers())}


def share_nothing(one: nn.Module, other: nn.Module) -> bool:
    mine = {t.untyped_storage().data_ptr() for t in tensors(one).values() if t.numel()}
    return all(t.untyped_storage().data_ptr() not in mine for t in tensors(other).values())


def same(one: nn.Module, other: nn.Module) -> bool:
    mine, others = tensors(one), tensors(other)
    return list(mine) == list(others) and all(torch.equal(mine[k], others[k]) for k in mine)


def old_spectral_norm() -> nn.Module:
    return nn.utils.spectral_norm(nn.Linear(4, 4))


def pruned() -> nn.Module:
    return prune.l1_unstructured(nn.Linear(4, 4), "weight", amount=0.5)


def channels_last() -> nn.Module:
    model = nn.Sequential(nn.Conv2d(2, 3, 2), nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(3, 4))
    return nn.Sequential(nn.Unflatten(1, (1, 2, 2)), nn.Conv2d(1, 2, 1), model).to(
        memory_format=torch.channels_last
    )


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.LSTM(4, 4, 2, dropout=0.3)

    def forward(self, x):
        return self.inner(x)[0]


class Hidden(nn.Module):
    """Its layers stand in a plain list and behind a bound method, and it remembers things."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = [nn.Linear(4, 4), nn.Linear(4, 4)]
        self.first = nn.Linear(4, 4)
        self.activation = functools.partial(torch.clamp, min=-0.1)
        self.do = self.middle
        self.scale = torch.ones(4) * 2
        self.calls = []

    def middle(self, x):
        return self.layers[1](self.layers[0](x))

    def forward(self, x):
        self.calls.append(1)
        return self.activation(self.do(self.first(x))) * self.scale


MODULES = {
    "normalised": lambda: nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Dropout(0.3)),
    "recurrent": Recurrent,
    "transformer": lambda: nn.TransformerEncoderLayer(4, 2, 8),
    "weight norm": lambda: parametrizations.weight_norm(nn.Linear(4, 4)),
    "spectral norm": lambda: parametrizations.spectral_norm(nn.Linear(4, 4)),
    "spectral norm by a hook": old_spectral_norm,
    "pruned": pruned,
    "hidden layers": Hidden,
    "channels last": channels_last,
    "double": lambda: nn.Sequential(nn.Linear(4, 4)).double(),
}


@pytest.mark.parametrize("make", [torch.optim.AdamW, torch.optim.SGD])
@pytest.mark.parametrize("name", MODULES)
def test_a_copy_trains_to_the_same_bits_and_leaves_the_original_alone(name, make):
    model = MODULES[name]()
    settings = {"momentum": 0.9} if make is torch.optim.SGD else {"amsgrad": True}
    optimizer = make(model.parameters(), lr=0.05, **settings)
    torch.optim.lr_scheduler.StepLR(optimizer, 1)  # puts a step of its own in front
    x = torch.randn(3, 4, dtype=next(model.parameters()).dtype)

    def steps(model, optimizer, count: int) -> None:
        for i in range(count):
            torch.manual_seed(i)
            model(x).square().sum().backward()
            optimizer.step()
            if i % 2:
                optimizer.zero_grad()

    steps(model, optimizer, 3)  # with gradients left over
    copies = Copies()
    twin, other = copies.copy_module(model), copies.copy_optimizer(optimizer)
    before = copy.deepcopy(dict(tensors(model)))
    assert share_nothing(model, twin)
    steps(twin, other, 3)
    assert all(torch.equal(before[k], t) for k, t in tensors(model).items())
    assert not same(model, twin)
    steps(model, optimizer, 3)
    assert same(model, twin)
    assert copies.size > 0


def test_what_is_one_thing_in_the_model_is_one_thing_in_the_copy():
    model = nn.ModuleDict({"a": nn.Linear(3, 3), "b": nn.Linear(3, 3), "c": nn.Linear(3, 3)})
    model["b"].weight = model["a"].weight
    model["d"] = model["c"]
    twin = Copies().copy_module(model)
    assert twin["b"].weight is twin["a"].weight
    assert twin["d"] is twin["c"]
    assert [name for name, _ in twin.named_modules()] == [name for name, _ in model.named_modules()]


def test_parameters_that_are_views_of_one_memory_stay_so():
    flat = torch.arange(12.0)
    model = nn.Linear(3, 3)
    model.weight = nn.Parameter(flat[:9].view(3, 3))
    model.bias = nn.Parameter(flat[9:])
    twin = Copies().copy_module(model)
    assert share_nothing(model, twin)
    assert twin.bias.untyped_storage().data_ptr() == twin.weight.untyped_storage().data_ptr()
    assert twin.weight.tolist() == model.weight.tolist()
    assert twin.bias.tolist() == [9, 10, 11]


def test_gradients_modes_and_what_is_trainable_are_copied():
    model = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5).eval())
    model[0].bias.requires_grad_(False)
    model(torch.ones(1, 2)).sum().backward()
    twin = Copies().copy_module(model)
    assert torch.equal(twin[0].weight.grad, model[0].weight.grad)
    assert twin[0].weight.grad.data_ptr() != model[0].weight.grad.data_ptr()
    assert (twin[0].bias.requires_grad, twin[0].weight.requires_grad) == (False, True)
    assert (twin.training, twin[1].training) == (True, False)
    assert isinstance(twin[0].bias, nn.Parameter)


@pytest.mark.parametrize("around", [torch.no_grad, torch.inference_mode])
def test_a_copy_made_where_nothing_is_differentiable_can_be_trained(around):
    model = nn.Linear(2, 2)
    with around():
        twin = Copies().copy_module(model)
    twin(torch.ones(1, 2)).sum().backward()
    assert twin.weight.grad is not None


def test_hooks_of_the_program_are_left_out():
    calls = []
    model = nn.Linear(2, 2)
    model.register_forward_hook(lambda *_: calls.append("forward"))
    model.register_forward_pre_hook(lambda *_: calls.append("before"))
    model.register_full_backward_hook(lambda *_: calls.append("backward"))
    model.weight.register_hook(lambda _: calls.append("tensor"))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    optimizer.register_step_post_hook(lambda *_: calls.append("step"))
    copies = Copies()
    twin, other = copies.copy_module(model), copies.copy_optimizer(optimizer)
    x = torch.ones(1, 2, requires_grad=True)
    twin(x).sum().backward()
    other.step()
    other.state_dict()
    assert calls == []
    model(x).sum().backward()
    assert set(calls) == {"before", "forward", "backward", "tensor"}


def test_a_copied_optimizer_updates_the_copied_parameters_only():
    model, stray = nn.Linear(2, 2), nn.Parameter(torch.ones(2))
    optimizer = torch.optim.Adam([{"params": model.parameters()}, {"params": [stray], "lr": 0.5}])
    copies = Copies()
    other = copies.copy_optimizer(optimizer)
    twin = copies.copy_module(model)
    assert other.param_groups[0]["params"] == list(twin.parameters())
    assert other.param_groups[1]["lr"] == 0.5
    assert copies.of(stray) is other.param_groups[1]["params"][0]
    assert copies.copy_optimizer(optimizer) is other
    copies.of(stray).grad = torch.ones(2)
    other.step()
    assert torch.equal(stray, torch.ones(2))
    assert not torch.equal(copies.of(stray), torch.ones(2))
    assert optimizer.state == {}


def test_nothing_of_the_original_is_kept_alive():
    model = nn.Linear(2, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    copies = Copies()
    copies.copy_module(model)
    copies.copy_optimizer(optimizer)
    seen = [weakref.ref(model), weakref.ref(optimizer), weakref.ref(model.weight)]
    del model, optimizer
    gc.collect()
    assert [reference() for reference in seen] == [None] * 3


def test_a_copy_is_bounded_in_bytes():
    model = nn.Linear(100, 100, bias=False)
    copies = Copies(40_000)
    copies.copy_module(model)
    assert copies.size == 40_000
    with pytest.raises(TooLargeError, match="more than 0 MiB"):
        Copies(39_999).copy_module(model)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: nn.LazyLinear(3), "UninitializedParameter"),
        (lambda: nn.Linear(2, 2, device="meta"), "on meta"),
        (lambda: torch.compile(nn.Linear(2, 2), backend="eager"), "runs compiled code"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_what_cannot_be_copied_says_why(make, reason):
    with pytest.raises(CannotCopyError, match=reason):
        Copies().copy_module(make())


# ---------------------------------------------------------------- other attributes


class Colour(enum.Enum):
    RED = 1


class Pair(typing.NamedTuple):
    a: int
    b: list[int]


@dataclasses.dataclass
class Settings:
    depth: int
    names: list[str]


class Bag(dict):
    """A dictionary whose own methods must not be called."""

    def items(self):
        raise AssertionError

    def __getitem__(self, key):
        raise AssertionError


def attribute(value):
    module = nn.Identity()
    module.kept = value
    left_out: list[str] = []
    return Copies(left_out=left_out.append).copy_module(module).kept, left_out


@pytest.mark.parametrize(
    "value",
    [
        1, "a", None, 2.5, (1, [2, {3}]), {"a": [1]}, Settings(3, ["x"]), frozenset({1}),
        collections.deque([1, 2], maxlen=3), collections.OrderedDict(a=1),
        collections.defaultdict(list, a=[1]), Pair(1, [2]),
        types.SimpleNamespace(a=[1]), collections.UserDict(a=[1]), np.arange(3), Colour.RED,
    ],
)  # fmt: skip
def test_plain_data_is_copied(value):
    copied, left_out = attribute(value)
    assert left_out == []
    assert type(copied) is type(value)
    if isinstance(value, np.ndarray):
        assert copied.tolist() == value.tolist()
        assert not np.shares_memory(copied, value)
    else:
        assert copied == value
    if isinstance(value, dict | collections.UserDict | list | Settings | types.SimpleNamespace):
        assert copied is not value


def test_a_dictionary_of_the_program_s_own_kind_is_read_as_a_dictionary():
    copied, left_out = attribute(Bag(a=1))
    assert left_out == []
    assert dict.__getitem__(copied, "a") == 1


def test_something_that_holds_itself_is_copied():
    loop = [1]
    loop.append(loop)
    copied, _ = attribute(loop)
    assert copied[1] is copied is not loop


@pytest.mark.parametrize(
    ("make", "draw"),
    [
        (lambda: torch.Generator().manual_seed(3), lambda g: torch.rand(2, generator=g).tolist()),
        (lambda: np.random.default_rng(3), lambda g: g.random(2).tolist()),
        (lambda: random.Random(3), lambda g: g.random()),
    ],
)
def test_generators_of_random_numbers_are_copied_where_they_are(make, draw):
    generator = make()
    draw(generator)
    copied, left_out = attribute(generator)
    assert left_out == []
    first = draw(copied)
    assert draw(generator) == first


class Wild:
    """Every way of copying that would run code of the program's own."""

    def __deepcopy__(self, memo):
        raise AssertionError

    def __copy__(self):
        raise AssertionError

    def __getstate__(self):
        raise AssertionError

    def __setattr__(self, name, value):
        raise AssertionError

    def __eq__(self, other):
        raise AssertionError

    __hash__ = None


class Closing:
    def __del__(self):
        closed.append(1)


closed: list[int] = []


class OwnReduce:
    def __reduce__(self):
        raise AssertionError


def test_an_object_is_copied_without_its_own_code():
    value = Wild()
    vars(value)["numbers"] = [1]
    copied, left_out = attribute(value)
    assert left_out == []
    assert vars(copied) == {"numbers": [1]}
    assert vars(copied)["numbers"] is not vars(value)["numbers"]


def chain(length: int):
    first = types.SimpleNamespace()
    here = first
    for _ in range(length):
        here.next = [types.SimpleNamespace()]
        here = here.next[0]
    return [types.SimpleNamespace(i=i) for i in range(6_000)] if length == 0 else first


def holds(something):
    return lambda x: (something, x)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (threading.Lock(), "lock is not plain data"),
        (OwnReduce(), "OwnReduce is not plain data"),
        (Closing(), "Closing is not plain data"),
        (chain(0), "more than 5000 objects hang on it"),
        (torch.utils.data.TensorDataset(torch.ones(2)), "TensorDataset is not plain data"),
        (torch.optim.SGD([torch.ones(1)], lr=1.0), "SGD is not plain data"),
        (holds([1]), "is a function with objects of its own"),
        (iter([1]), "list_iterator is not plain data"),
    ],
)
def test_what_is_not_plain_data_is_left_out_and_missed_when_used(value, reason):
    copied, left_out = attribute({"inside": [value]})
    assert isinstance(copied, Absent)
    assert len(left_out) == 1
    assert left_out[0].startswith("Identity.kept was not copied: ")
    assert reason in left_out[0]
    for use in (copied, lambda: copied.name):
        with pytest.raises(CannotCopyError, match="Identity.kept was not copied"):  # noqa: RUF043
            use()


def test_the_copy_of_an_object_closes_nothing():
    closed.clear()
    value = Closing()
    attribute(value)
    gc.collect()
    assert closed == []


def test_what_was_copied_on_the_way_to_a_failure_is_forgotten():
    module = nn.Identity()
    shared = types.SimpleNamespace(inner=nn.Linear(2, 2))
    module.broken = [shared, threading.Lock()]
    module.whole = shared
    copies = Copies()
    twin = copies.copy_module(module)
    assert isinstance(twin.broken, Absent)
    assert twin.whole.inner(torch.ones(1, 2)).shape == (1, 2)
    assert twin.whole.inner is not shared.inner


@pytest.mark.parametrize("function", [torch.relu, len, holds(2), holds("a"), holds(torch.float32)])
def test_a_function_that_holds_nothing_is_shared(function):
    copied, left_out = attribute(function)
    assert copied is function
    assert left_out == []
