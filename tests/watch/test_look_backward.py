"""Backward: gradients against PyTorch's own, and what the graph leads to."""

from __future__ import annotations

import gc
import math
import weakref

import numpy as np
import pytest
import torch
from tests.watch.looked import Seeing, images, look_at, mlp, train_step, watcher_of
from torch import nn
from torch.nn import functional as F

from goingdeep.record.look import LookBackward
from goingdeep.watch.looks.look import Look


def test_gradients_are_those_of_torch():
    torch.manual_seed(4)
    model = mlp()
    kept = {}
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    optimizer.register_step_pre_hook(
        lambda *_: kept.update({n: p.grad.clone() for n, p in model.named_parameters()})
    )
    (event,) = look_at(model, optimizer).of(LookBackward)
    assert [row.name for row in event.gradients] == [name for name, _ in model.named_parameters()]
    for row in event.gradients:
        known = kept[row.name].double()
        assert row.norm == pytest.approx(known.norm().item(), rel=1e-5)
        assert row.largest == pytest.approx(known.abs().max().item(), rel=1e-6)
        assert row.zeros == pytest.approx((known == 0).double().mean().item(), abs=1e-6)
        assert (row.model, row.state, row.non_finite, row.sampled) == (0, "value", 0, 0)
        if known.numel() > 2048:
            assert 512 <= sum(row.histogram) <= 2048
            continue
        counts, _ = np.histogram(known[known != 0], 40, (-row.largest, row.largest))
        assert sum(row.histogram) == (known != 0).sum()
        # A value on the edge between two bins may be counted in either.
        assert np.abs(counts - row.histogram).sum() <= 2
    assert (event.before, event.unreached, event.left_out) == ({"none": 6}, (), 0)
    assert event.came_from == ("NllLossBackward0",)
    assert event.nodes == count_nodes(model)


def count_nodes(model) -> int:
    loss = F.cross_entropy(model(images()[0]), images()[1])
    found, waiting = set(), [loss.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is not None and node not in found:
            found.add(node)
            waiting += [following for following, _ in node.next_functions]
    return len(found)


def backward_of(model, loss, *, roots=None, watcher=None):
    """One look at a backward; `loss` is made under the look."""
    watcher = watcher or watcher_of(model)
    look = Look(watcher, 1)
    with Seeing(look):
        value = loss()
    look.before_backward(roots or (value,), 0)
    value.backward()
    look.after_backward()
    look.finish()
    return watcher.recorder.of(LookBackward)[0]


def test_what_the_graph_does_not_lead_to_is_named():
    model = nn.ModuleDict(
        {"body": nn.Linear(2, 2), "head": nn.Linear(2, 1), "other": nn.Linear(2, 1)}
    )
    model["frozen"] = nn.Linear(2, 2).requires_grad_(False)

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.parts = model

        def forward(self, x):
            return self.parts["head"](self.parts["body"](self.parts["frozen"](x)).detach()).sum()

    net = Net()
    event = backward_of(net, lambda: net(torch.ones(3, 2)))
    names = ("parts.body.weight", "parts.body.bias", "parts.other.weight", "parts.other.bias")
    assert event.unreached == names
    states = {row.name: row.state for row in event.gradients}
    assert states == {
        **dict.fromkeys(names, "none"),
        "parts.head.weight": "value",
        "parts.head.bias": "value",
    }
    assert event.sentence == (
        "backward reached 2 of 6 trainable parameters,"
        " not parts.body.weight, parts.body.bias, parts.other.weight and 1 more"
    )


def test_a_checkpointed_part_is_reached_although_the_graph_hides_it():
    from torch.utils.checkpoint import checkpoint

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = nn.Linear(2, 2), nn.Linear(2, 2)

        def forward(self, x):
            return checkpoint(self.second, self.first(x), use_reentrant=True).sum()

    net = Net()
    event = backward_of(net, lambda: net(torch.ones(3, 2)))
    assert event.unreached == ()
    assert event.sentence == "backward reached 4 of 4 trainable parameters"


def test_only_the_models_used_since_the_last_backward_count():
    first, second = nn.Linear(2, 1), nn.Linear(2, 1)
    watcher = watcher_of(first, second)
    look = Look(watcher, 1)
    for model in (first, second):
        with Seeing(look):
            value = model(torch.ones(1, 2)).sum()
        look.before_backward((value,), 0)
        value.backward()
        look.after_backward()
    look.finish()
    events = watcher.recorder.of(LookBackward)
    assert [event.sentence for event in events] == [
        "backward reached 2 of 2 trainable parameters"
    ] * 2
    assert [{row.model for row in event.gradients} for event in events] == [{0}, {1}]


def test_gradients_that_were_there_before_are_counted_by_state():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 1))
    model[0].weight.grad = torch.zeros(2, 2)
    model[1].weight.grad = torch.ones(2, 2)
    late = torch.zeros(1, 2)
    late[0, 1] = 1e-30
    model[2].weight.grad = late
    event = backward_of(model, lambda: model(torch.zeros(1, 2)).sum())
    assert event.before == {"none": 3, "zero": 1, "value": 2}
    rows = {row.name: row for row in event.gradients}
    assert (rows["0.weight"].state, rows["0.weight"].zeros, rows["0.weight"].norm) == (
        "zero",
        1.0,
        0.0,
    )
    assert "1 gradient is zero" in event.sentence


@pytest.mark.parametrize(
    ("bad", "text"), [(math.nan, "nan"), (math.inf, "inf"), (-math.inf, "inf")]
)
def test_gradients_that_are_not_finite_are_counted(bad, text):
    weight = nn.Parameter(torch.ones(4))
    model = nn.Module()
    model.weight = weight
    model.forward = lambda x: (weight * x).sum()
    event = backward_of(model, lambda: model(torch.tensor([1.0, bad, 2.0, 3.0])))
    (row,) = event.gradients
    assert (row.norm, row.largest, row.non_finite, row.state) == (text, text, 1, "value")
    assert event.sentence.endswith("; 1 gradient is not finite")


@pytest.mark.parametrize("scale", [1e-25, 1e25])
def test_norms_outside_the_squares_of_float32_are_right(scale):
    weight = nn.Parameter(torch.ones(4))
    model = nn.Module()
    model.weight = weight
    model.forward = lambda x: (weight * x).sum()
    event = backward_of(model, lambda: model(torch.tensor([3.0, 4.0, 0.0, 0.0]) * scale))
    assert event.gradients[0].norm == pytest.approx(5 * scale, rel=1e-6)


def test_the_gradient_of_an_embedding_may_be_sparse():
    model = nn.Embedding(50, 3, sparse=True)
    event = backward_of(model, lambda: model(torch.tensor([4, 4, 9])).pow(2).sum())
    (row,) = event.gradients
    known = model.weight.grad.to_dense()
    assert row.norm == pytest.approx(known.norm().item(), rel=1e-6)
    assert row.zeros == pytest.approx(48 / 50)
    assert not model.weight.grad.is_coalesced()


def test_tensors_of_no_model_are_followed_too():
    picture = torch.ones(3, requires_grad=True)
    event = backward_of(None, (picture * 2).sum, watcher=watcher_of())
    (row,) = event.gradients
    assert (row.model, row.name, row.norm) == (-1, "tensor 0", pytest.approx(math.sqrt(12)))
    assert event.sentence == "backward reached 1 tensor outside of any model"


def test_a_backward_from_a_leaf_reaches_nothing_else():
    model = nn.Linear(2, 1)

    def rewrapped():
        return torch.tensor(model(torch.ones(1, 2)).item(), requires_grad=True)

    event = backward_of(model, rewrapped)
    assert event.unreached == ("weight", "bias")
    assert (event.nodes, event.came_from) == (0, ())


def test_a_graph_that_is_too_large_is_not_walked_to_its_end():
    model = nn.Linear(1, 1)

    def long():
        value = model(torch.ones(1, 1))
        for _ in range(20_100):
            value = value + 1
        return value.sum()

    watcher = watcher_of(model)
    event = backward_of(model, long, watcher=watcher)
    assert (event.nodes, event.unreached) == (20_000, ())
    assert "too large to be walked" in event.sentence
    assert watcher.recorder.gaps == [("close look", "a graph of more than 20,000 nodes")]


def test_a_backward_that_raises_is_still_told():
    model = nn.Linear(2, 1)
    watcher = watcher_of(model)
    look = Look(watcher, 1)
    with Seeing(look):
        value = model(torch.ones(1, 2)).sum()
    look.before_backward((value,), 4)
    look.finish()
    event = watcher.recorder.of(LookBackward)[0]
    assert (event.gradients, event.site) == ((), 4)
    assert event.sentence == "backward did not come to its end"


def test_no_graph_and_no_tensor_is_kept_while_the_look_goes_on():
    model = mlp()
    watcher = watcher_of(model)
    look = Look(watcher, 1)
    watcher.models.trainable = None  # ours holds the model; the real one does not
    kept = []

    def remember(module, args, output):
        kept.extend(weakref.ref(tensor) for tensor in (*args, output))

    for module in model:
        module.register_forward_hook(remember)
    train_step(look, model, torch.optim.SGD(model.parameters(), lr=0.1), images())
    gc.collect()
    assert len(kept) == 12
    assert [reference() for reference in kept] == [None] * 12
    gone = weakref.ref(model)
    del model, module
    gc.collect()
    assert gone() is None
    look.finish()
