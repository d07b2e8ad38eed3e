"""A layer's bias is taken away again by the BatchNorm behind it.

## What happens
A linear or convolutional layer with a bias is followed at once by a BatchNorm, which subtracts the mean
of each channel, and the bias with it.

## Why it hurts
It does not hurt the result: the bias gets no gradient and costs memory and time for nothing.
BatchNorm has a shift of its own.

## How to fix it
    nn.Conv2d(3, 64, 3, bias=False), nn.BatchNorm2d(64)

## When it is fine
Always: it is a matter of tidiness, so this rule is off unless it is asked for. Where something stands
between the two, or the BatchNorm is in evaluation mode and subtracts what it knows, the bias counts.

## Sources
milesial/Pytorch-UNet#325, 4uiiurz1/pytorch-nested-unet#39, keras-team/keras-cv#697; number 5 on Andrej
Karpathy's list of common mistakes (which https://karpathy.github.io/2019/04/25/recipe/ links to).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import msgspec

from goingdeep.check.layers import WEIGHTED, calls
from goingdeep.check.parameters import listed
from goingdeep.check.rule import Finding, Rule
from goingdeep.check.run import Run
from goingdeep.record.look import Values

RULE = Rule(
    "bias-before-norm",
    "hint",
    needs=("look", "forward"),
    on=False,
    unproved="the norm takes the bias out again: it costs memory, and changes no number",
)

NORM = "BatchNorm"


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each model with biases that a BatchNorm takes away."""
    step = min(run.looks, default=0)
    if not step:
        return
    own = [call for call in calls(run, step) if call.parameters]
    found: dict[int, list[str]] = {}
    sites: dict[int, int] = {}
    for layer, norm in itertools.pairwise(own):
        together = (
            layer.class_name.startswith(WEIGHTED)
            and NORM in norm.class_name
            and norm.training
            and layer.model == norm.model
            # The same numbers, not only the same shape: a ReLU in between has no parameters.
            and _numbers(layer.outputs) == _numbers(norm.inputs)
        )
        model = run.models.get(layer.model)
        bias = f"{layer.module}.bias" if layer.module else "bias"
        if together and model is not None and any(p.name == bias for p in model.parameters):
            found.setdefault(layer.model, []).append(bias)
            sites.setdefault(layer.model, layer.site)
    for number, names in found.items():
        yield RULE.found(
            "{biases:bias vector} of {model} have a BatchNorm right behind them: {names}",
            site=sites[number],
            step=step,
            count=len(names),
            fix="bias=False",
            biases=len(names),
            model=run.models[number].class_name,
            names=listed(names),
        )


def _numbers(values: tuple[Values, ...]) -> list[Values]:
    return [msgspec.structs.replace(value, tracked=None) for value in values]
