"""The optimizer holds tensors that are no longer the model's.

## What happens
After the optimizer was made, the model (or a layer of it) was replaced: a new head, a rebuilt
model, a wrapper that makes its own parameters. The optimizer still holds the old tensors. They
get no gradient, so its step changes nothing that runs, while the new parameters get gradients
that nobody uses.

## Why it hurts
The replaced part is never trained. Where it is the whole model, the loss stays where it began,
and neither backward nor step complains.

## How to fix it
Change the model first, make the optimizer last:

    model.fc = nn.Linear(512, 10)
    model = model.to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

## When it is fine
Tensors that belong to no module (an image that is optimised, a learned latent) get gradients, and
are no mistake. Nor are tensors without gradient while every parameter that does get one is owned.

## Sources
huggingface/accelerate#2665, huggingface/accelerate#3256, huggingface/accelerate#3209.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from goingdeep.check.parameters import Reached, children, listed, trainable, with_gradient
from goingdeep.check.proof import Remedy
from goingdeep.check.rule import Finding, Rule
from goingdeep.check.run import Run, gradient_state
from goingdeep.record.seen import Model, Optimizer, Parameter

RULE = Rule(
    "stale-optimizer",
    "error",
    needs=("backward", "step", "optimizer", "look"),
    remedy=Remedy(name="with the model's own parameters in the optimizer", adopt=True),
)

LEAST_STEPS = 3


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each optimizer that updates tensors which nothing uses."""
    forgotten = list(_forgotten(run))
    if not forgotten:
        return  # whatever gets a gradient is owned: idle tensors do no harm
    for number, optimizer in run.optimizers.items():
        if optimizer.by_hand:
            continue
        idle = _idle_steps(run, number)
        strangers, in_all = _strangers(run, number, optimizer)
        if idle is not None and idle >= LEAST_STEPS:
            yield _finding(optimizer, forgotten, in_all, in_all, idle)
        elif strangers:
            steps = run.steps_of(number)
            if steps >= LEAST_STEPS:
                yield _finding(optimizer, forgotten, strangers, in_all, steps)


def _forgotten(run: Run) -> Iterator[tuple[Model, list[Parameter]]]:
    """Models with parameters that get gradients and are owned by nobody."""
    reached = with_gradient(run)
    for number, model in run.models.items():
        alone = [
            parameter
            for parameter in trainable(model)
            if not run.owners.get((number, parameter.name))
            and reached.get((number, parameter.name), Reached()).often
        ]
        if alone:
            yield model, alone


def _idle_steps(run: Run, number: int) -> int | None:
    """Steps of an optimizer if none of them had any gradient to use; None where some had."""
    for way in run.ways(number):
        step = run.last_op(way, "step")
        if step is None or gradient_state(step, number) != "none":
            return None
    return run.steps_of(number)


def _strangers(run: Run, number: int, optimizer: Optimizer) -> tuple[int, int]:
    """Tensors of an optimizer that no model has and that never had a gradient; and all it holds."""
    unknown = sum(group.unknown for group in optimizer.groups)
    known = sum(len(indices) for group in optimizer.groups for indices in group.owns.values())
    looks = [step for _, step in run.looked_at(number) if step.strangers]
    if looks:
        unknown = min(step.strangers_idle for step in looks)
    return unknown, known + sum(group.unknown for group in optimizer.groups)


def _finding(
    optimizer: Optimizer,
    forgotten: list[tuple[Model, list[Parameter]]],
    stale: int,
    in_all: int,
    steps: int,
) -> Finding:
    model, alone = forgotten[0]
    return RULE.found(
        "{stale} of {held} tensors in {optimizer} never get a gradient, and nobody owns "
        "{tensors:parameter} of {model} that the loss reaches ({names})",
        site=optimizer.site,
        step=1,
        count=steps,
        fix="make the optimizer after the last change of the model (and after wrapping it)",
        stale=stale,
        held=in_all,
        optimizer=optimizer.class_name,
        tensors=len(alone),
        numbers=sum(math.prod(parameter.shape) for parameter in alone),
        model=model.class_name,
        names=listed(children(parameter.name for parameter in alone)),
        steps=steps,
        stale_shapes=tuple(str(shape) for shape in optimizer.unknown_shapes[:8]),
    )
