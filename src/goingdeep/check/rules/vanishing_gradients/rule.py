"""The first layers get next to no gradient, and nothing is learned.

## What happens
At all steps that were looked at the gradients of the first layer were more than a million times smaller
than those of the last one, and the loss is where it began.

## Why it hurts
The first layers stay as they were drawn at random, and everything behind them works on what they make
of the input: more layers make the model worse, not better.

## How to fix it
ReLU or GELU in place of sigmoid and tanh, a norm behind each layer, a way around each block, and
weights that keep the size of what goes through:

    x = x + block(norm(x))
    nn.init.kaiming_normal_(layer.weight)

## When it is fine
A model that has learned already: there the loss is low, and all gradients are small.

## Sources
phlippe/uvadlc_notebooks#119.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from goingdeep.check.curves import ends
from goingdeep.check.layers import WEIGHTED, calls
from goingdeep.check.parameters import gradients_at
from goingdeep.check.proof import Remedy
from goingdeep.check.rule import Finding, NotSeen, Rule
from goingdeep.check.run import LookBackward, LookCall, Run

RULE = Rule(
    "vanishing-gradients",
    "warning",
    needs=("look", "backward", "step"),
    silenced_by=("dead-relu", "graph-cut", "nan-loss", "nothing-trainable"),
    remedy=Remedy(
        name="with ReLU in place of sigmoid and tanh", swap={"Sigmoid": "ReLU", "Tanh": "ReLU"}
    ),
)

RATIO = 1e-6
LEAST_STEPS = 100
LEAST_LOOKS = 4
NOT_LEARNED = 0.9
"""Of the loss at the beginning: from here on it counts as where it began."""


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each model whose first layer got next to nothing."""
    steps = [step for step in sorted(run.looks) if run.looks[step].of(LookBackward)]
    if run.steps < LEAST_STEPS or len(steps) < LEAST_LOOKS:
        raise NotSeen("the training was too short for that")
    loss = ends(run.curve("loss").table())
    if loss is None or loss[1] < NOT_LEARNED * loss[0]:
        return
    for model in run.models:
        first, last, ratios = _ratios(run, model, steps)
        if first is None or last is None or len(ratios) < LEAST_LOOKS or max(ratios) > RATIO:
            continue
        yield RULE.found(
            "in {looks} steps that were looked at the gradient of {first} was at most {ratio} times "
            "that of {last}, and the loss went from {before} to {after}",
            site=first.site,
            step=steps[0],
            count=len(ratios),
            fix="ReLU in place of sigmoid or tanh, a norm behind each layer, or a way around",
            looks=len(ratios),
            first=f"{first.module} ({first.class_name})",
            last=f"{last.module} ({last.class_name})",
            ratio=max(ratios),
            before=loss[0],
            after=loss[1],
        )


def _ratios(
    run: Run, model: int, steps: list[int]
) -> tuple[LookCall | None, LookCall | None, list[float]]:
    """First and last layer, and at each look how many times smaller the first one's gradient was."""
    order = [
        c for c in calls(run, steps[0]) if c.model == model and c.class_name.startswith(WEIGHTED)
    ]
    if len(order) < LEAST_LOOKS:
        return None, None, []
    first, last = order[0], order[-1]
    known = run.models[model].parameters
    sizes = {
        parameter.name: math.prod(parameter.shape) for parameter in known if parameter.trainable
    }
    ratios = []
    for step in steps:
        found = gradients_at(run, step)
        small, large = (
            found.get((model, f"{call.module}.weight"), 0.0)
            / math.sqrt(sizes.get(f"{call.module}.weight", 0) or math.inf)
            for call in (first, last)
        )
        if large > 0:
            ratios.append(small / large)
    trained = f"{first.module}.weight" in sizes
    return (first, last, ratios) if trained else (None, None, [])
