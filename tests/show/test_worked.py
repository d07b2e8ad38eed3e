"""One weight worked out must give what PyTorch has."""

from __future__ import annotations

import re

import pytest
import torch

from goingdeep.record.look import Weight
from goingdeep.show.worked import worked
from goingdeep.watch.steps.optimizers import settings_of

SGDS = [
    {"lr": 0.1},
    {"lr": 0.001, "momentum": 0.9},
    {"lr": 0.01, "momentum": 0.9, "nesterov": True},
    {"lr": 0.01, "momentum": 0.5, "dampening": 0.25},
    {"lr": 0.1, "weight_decay": 0.05},
    {"lr": 0.1, "weight_decay": 0.05, "momentum": 0.9, "maximize": True},
]
ADAMS = [
    {"lr": 0.01},
    {"lr": 0.001, "weight_decay": 0.1},
    {"lr": 0.1, "betas": (0.5, 0.9), "eps": 1e-3},
]
CASES = [
    *((torch.optim.SGD, options) for options in SGDS),
    *((kind, options) for kind in (torch.optim.Adam, torch.optim.AdamW) for options in ADAMS),
]


def state(optimizer, parameter) -> dict[str, float]:
    return {
        k: float(v.reshape(-1)[0]) for k, v in optimizer.state[parameter].items() if v is not None
    }


def steps(kind, options, count: int):
    """A weight over several real steps, as the close look records it."""
    parameter = torch.nn.Parameter(torch.tensor([0.75]))
    optimizer = kind([parameter], **options)
    settings = settings_of({k: v for k, v in optimizer.param_groups[0].items() if k != "params"})
    for i in range(count):
        parameter.grad = torch.tensor([0.3 - 0.35 * i])
        before, old = parameter.item(), state(optimizer, parameter)
        optimizer.step()
        weight = Weight(
            0,
            "0.weight",
            (0,),
            before,
            parameter.grad.item(),
            parameter.item(),
            old,
            state(optimizer, parameter),
        )
        yield weight, settings


@pytest.mark.parametrize(
    ("kind", "options"), CASES, ids=lambda value: getattr(value, "__name__", None) or str(value)
)
def test_the_numbers_give_what_pytorch_has(kind, options):
    for weight, settings in steps(kind, options, 3):
        lines = worked(weight, kind.__name__, settings)
        assert not any("these numbers give" in line for line in lines), lines
        result = float(lines[-1].rpartition("= ")[2])
        assert result == pytest.approx(weight.after, rel=2e-6, abs=1e-9)


def test_every_term_of_the_arithmetic_is_worked_rightly():
    """Each line is an equation: both sides are computed here from the digits as they are shown."""
    equations = 0
    for kind, options in CASES:
        for weight, settings in steps(kind, options, 3):
            for line in worked(weight, kind.__name__, settings):
                found = re.search(
                    r"([-(][-\d.e()+*/ ^x]*|\d[-\d.e()+*/ ^x]*|.*sqrt.*) = (\S+)$", line
                )
                if found:
                    text = found[1].rpartition(": ")[2].replace(" x ", " * ").replace("^", "**")
                    text = text.replace("sqrt(", "(lambda v: v ** 0.5)(")
                    assert eval(text) == pytest.approx(float(found[2]), rel=1e-5, abs=1e-9), line
                    equations += 1
    assert equations > 60


def test_plain_sgd_is_one_line():
    weight = Weight(0, "0.weight", (3, 5), 0.0123, 0.5, 0.0118)
    assert worked(weight, "SGD", {"lr": 0.001}) == ["0.weight[3,5]: 0.0123 - 0.001 x 0.5 = 0.0118"]


def test_what_does_not_fit_is_said():
    weight = Weight(0, "w", (), 1.0, 0.5, 0.7)
    assert worked(weight, "SGD", {"lr": 0.1})[-1] == "these numbers give 0.95, PyTorch has 0.7"


@pytest.mark.parametrize("settings", [{}, {"lr": "a tensor"}, {"lr": None}])
def test_a_rate_that_is_not_known_is_not_made_up(settings):
    lines = worked(Weight(0, "w", (), 1.0, 0.5, 0.7), "SGD", settings)
    assert lines == ["w[]: 1 became 0.7 (gradient 0.5)"]


@pytest.mark.parametrize(
    ("weight", "line"),
    [
        (Weight(0, "w", (0,), 1.0, None, 1.0), "w[0]: 1 has no gradient, and is 1 after the step"),
        (Weight(0, "w", (0,), 1.0, 0.5, 0.25), "w[0]: 1 became 0.25 (gradient 0.5)"),
        (Weight(0, "w", (0,), 0.5, "nan", "nan"), "w[0]: 0.5 became nan (gradient nan)"),
        (Weight(0, "w", (0,), "?", 0.5, 0.1), "w[0]: ? became 0.1"),
    ],
)
def test_other_optimizers_and_odd_numbers_are_told_without_arithmetic(weight, line):
    assert worked(weight, "Lion", {"lr": 0.1}) == [line]
    assert worked(weight, "Adam", {"lr": 0.1}) == [line]
