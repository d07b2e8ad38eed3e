"""Batches and module calls in numbers, against numbers that were computed without us."""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from tests.watch.looked import Seeing, images, look_at, mlp, watcher_of
from torch import nn

from goingdeep.record.look import LookCall
from goingdeep.watch.looks.look import Look


def test_a_batch_shows_its_tensors_a_picture_and_the_labels_of_it():
    pixels, labels = images(20)
    watcher = watcher_of()
    look = Look(watcher, 1)
    look.batch(3, 9, {"image": pixels, "meta": ["a", 5, {"label": labels}], "none": None})
    look.finish()
    (batch,) = watcher.recorder.events
    assert (batch.loader, batch.site, batch.names) == (3, 9, ("image", "meta.2.label"))
    assert [tensor.shape for tensor in batch.tensors] == [(20, 1, 6, 6), (20,)]
    assert batch.tensors[0].mean == pytest.approx(pixels.mean().item(), rel=1e-5)
    assert batch.picture.shape == (16, 1, 6, 6)
    assert batch.labels == tuple(labels[:16].tolist())
    shown = batch.low + (batch.high - batch.low) * watcher.recorder.arrays[0] / 255.0
    assert np.abs(shown - pixels[:16].numpy()).max() < 1 / 255


@dataclass
class Record:
    x: torch.Tensor
    y: object


class Sly(dict):
    """A dictionary whose own methods must not be asked."""

    def items(self):
        raise AssertionError

    __iter__ = keys = values = items


class Hostile:
    def __getattr__(self, name):
        raise AssertionError(name)

    def __repr__(self):
        raise AssertionError


@pytest.mark.parametrize(
    ("data", "names"),
    [
        (torch.ones(2), ("",)),
        ((torch.ones(2), (torch.ones(3),)), ("0", "1.0")),
        (Record(torch.ones(1), [torch.ones(2)]), ("x", "y.0")),
        (Sly(a=torch.ones(1)), ("a",)),
        (nn.utils.rnn.pack_padded_sequence(torch.ones(2, 2, 1), torch.tensor([2, 1]), True),
         ("data", "batch_sizes")),
        ([Hostile(), torch.ones(1), object(), np.ones(3), len], ("1",)),
        ({3: torch.ones(1), "\udce9\x1b": torch.ones(1), (1,): torch.ones(1)},
         ("3", "\udce9\x1b", "tuple")),
        ("text", ()),
        (None, ()),
        ([[[[[torch.ones(1)]]]]], ()),
        ([torch.ones(1)] * 100, tuple(str(i) for i in range(16))),
    ],
)  # fmt: skip
def test_a_batch_may_be_anything(data, names):
    watcher = watcher_of()
    look = Look(watcher, 1)
    look.batch(0, 0, data)
    look.finish()
    (batch,) = watcher.recorder.events
    # What JSON cannot hold is written as the text of its escape.
    assert batch.names == tuple(name.encode("utf-8", "backslashreplace").decode() for name in names)
    assert watcher.recorder.gaps == []


def test_a_batch_that_holds_itself_comes_to_an_end():
    loop: list = [torch.ones(1)]
    loop.append(loop)
    watcher = watcher_of()
    look = Look(watcher, 1)
    look.batch(0, 0, loop)
    look.finish()
    assert len(watcher.recorder.events[0].tensors) == 4


# ---------------------------------------------------------------- calls


def test_each_call_has_the_numbers_of_what_went_in_and_came_out():
    torch.manual_seed(1)
    model = mlp()
    kept = {}
    for name, module in model.named_modules():
        module.register_forward_hook(
            lambda m, args, out, name=name: kept.__setitem__(name, (args[0].clone(), out.clone()))
        )
    recorder = look_at(model)
    calls = recorder.of(LookCall)
    assert [(c.index, c.depth, c.model, c.module) for c in calls] == [
        (0, 0, 0, ""), *[(i + 1, 1, 0, str(i)) for i in range(6)],
    ]  # fmt: skip
    assert [call.class_name for call in calls[:3]] == ["Sequential", "Flatten", "Linear"]
    assert [call.parameters for call in calls] == [0, 0, 296, 0, 72, 0, 90]
    for call in calls:
        for seen, known in zip((call.inputs[0], call.outputs[0]), kept[call.module], strict=True):
            array = known.detach().double().numpy()
            assert seen.shape == array.shape
            assert seen.low == pytest.approx(array.min(), rel=1e-6)
            assert seen.high == pytest.approx(array.max(), rel=1e-6)
            assert seen.mean == pytest.approx(array.mean(), rel=1e-5, abs=1e-7)
            assert seen.std == pytest.approx(array.std(), rel=1e-5)
            assert seen.zeros == pytest.approx((array == 0).mean(), abs=1e-6)
    assert [call.outputs[0].tracked for call in calls] == [True, False, *[True] * 5]


def test_what_a_module_overwrites_was_read_before():
    watcher = watcher_of()
    look = Look(watcher, 1)
    x = torch.tensor([-1.0, 2.0, -3.0])
    with Seeing(look), torch.no_grad():
        nn.Sequential(nn.Identity(), nn.ReLU(inplace=True))(x)
    look.finish()
    outer, identity, relu = watcher.recorder.events
    assert (outer.inputs[0].low, outer.outputs[0].low) == (-3.0, 0.0)
    assert (identity.outputs[0].low, relu.inputs[0].low, relu.outputs[0].low) == (-3.0, -3.0, 0.0)
    assert relu.facts == {"inplace": True}
    assert relu.sentence == "ReLU: 3 keeps its shape, 67 % are 0"


def test_two_views_of_the_same_memory_are_told_apart():
    class Views(nn.Module):
        def forward(self, x):
            return x.view(6), x.flip(0), x[:1], x.view(torch.int32), x.expand(2, 2, 3), x.t()

    watcher = watcher_of()
    look = Look(watcher, 1)
    with Seeing(look):
        Views()(torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]))
    look.finish()
    seen = watcher.recorder.events[0].outputs
    assert [values.shape for values in seen] == [(6,), (2, 3), (1, 3), (2, 3)]  # four at most
    assert [values.mean for values in seen[:3]] == [3.5, 3.5, 2.0]
    assert seen[3].low == 1065353216  # the bits of 1.0


def test_outputs_and_arguments_may_be_anything():
    @dataclass
    class Answer:
        logits: torch.Tensor
        hidden: tuple

    class Odd(nn.Module):
        def __init__(self, answer):
            super().__init__()
            self.answer = answer

        def forward(self, *_, **__):
            return self.answer

    one = torch.ones(2, 3)
    answers = [
        None, one, (one, [one]), OrderedDict(a=one, b=None), Answer(one, (one,)), 5, Hostile(),
        one.to_sparse(), one.to("meta"), torch.ones(0), one * math.nan,
    ]  # fmt: skip
    watcher = watcher_of()
    look = Look(watcher, 1)
    for answer in answers:
        module = Odd(answer)
        look.call_started(module, (Hostile(), one), {"mask": one, "flag": True})
        look.call_ended(module, (one,), answer)
    look.finish()
    calls = watcher.recorder.of(LookCall)
    assert [len(call.outputs) for call in calls] == [0, 1, 2, 1, 2, 0, 0, 1, 1, 1, 1]
    assert all(len(call.inputs) == 2 for call in calls)
    assert [c.outputs[0].note for c in calls[7:]] == ["sparse", "meta", "no values", ""]
    assert calls[-1].outputs[0].non_finite == 6
    assert calls[-1].sentence.endswith("6 values not finite")
    assert (calls[0].model, calls[0].module) == (-1, "")
    assert watcher.recorder.gaps == []


def test_a_forward_that_raises_leaves_no_trace_in_what_follows():
    class Fails(nn.Module):
        def forward(self, x):
            raise ValueError

    class Catches(nn.Module):
        def __init__(self):
            super().__init__()
            self.fails = Fails()
            self.fine = nn.Identity()

        def forward(self, x):
            try:
                self.fails(x)
            except ValueError:
                return self.fine(x)

    watcher = watcher_of()
    look = Look(watcher, 1)
    with Seeing(look):
        for _ in range(2):
            Catches()(torch.ones(2))
    look.finish()
    assert [(c.sentence.partition(":")[0], c.index, c.depth) for c in watcher.recorder.events] == [
        ("Catches", 0, 0), ("Fails", 1, 1), ("Identity", 2, 1),
    ] * 2  # fmt: skip
    assert watcher.recorder.events[1].outputs == ()
    assert watcher.recorder.events[1].sentence == "Fails: 2 went in, no tensor came out"


def test_the_settings_of_a_module_are_told():
    class Tiny(nn.Sequential):
        pass

    model = Tiny(nn.Conv2d(1, 2, (3, 5), padding=1, groups=1), nn.BatchNorm2d(2), nn.Dropout(0.25))
    watcher = watcher_of(model)
    look = Look(watcher, 1)
    with Seeing(look):
        model.eval()(torch.ones(1, 1, 8, 8))
    look.finish()
    facts = [call.facts for call in watcher.recorder.events]
    assert facts[1] == {"kernel_size": "3x5", "stride": "1x1", "padding": "1x1"}
    assert facts[2] == {"momentum": 0.1, "eps": 1e-5, "track_running_stats": True}
    assert facts[3] == {"p": 0.25}
    assert [call.training for call in watcher.recorder.events] == [False] * 4
    assert watcher.recorder.events[0].class_name.endswith("Tiny")
