"""Trainable parameters get gradients, and no optimizer owns them.

## What happens
Backward computes a gradient for these parameters on every step, but they were not among those
given to any optimizer. They keep the values they were initialised with.

## Why it hurts
A part of the model stays random, and the rest learns around it. The loss still falls, so the only
sign is a result that is worse than it should be. The gradients also add up unseen, since nobody
clears them.

## How to fix it
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

after every layer is there, or `optimizer.add_param_group({"params": model.head.parameters()})`.
Parameters that are to stay as they are: `requires_grad_(False)`.

## When it is fine
Frozen parameters get no gradient. With several optimizers it is enough that one of them owns a
parameter. Loops that change the weights themselves have no optimizer. Training the last layer
only without freezing the rest gives a warning, and a whole second network that no optimizer owns
gives a hint if it runs in evaluation mode (a fixed judge of pictures).

## Sources
zjunlp/HVPNeT#5, open-mmlab/OpenPCDet#960.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from goingdeep.check.parameters import Name, Reached, children, listed, trainable, with_gradient
from goingdeep.check.proof import Remedy
from goingdeep.check.rule import Finding, Rule, Severity
from goingdeep.check.run import Run
from goingdeep.record.seen import Model, Parameter

RULE = Rule(
    "params-not-in-optimizer",
    "error",
    needs=("backward", "step", "optimizer", "look"),
    silenced_by=("stale-optimizer", "unregistered-submodule"),
    remedy=Remedy(name="with every parameter in the optimizer", adopt=True),
)


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each model with parameters that nobody updates."""
    reached = with_gradient(run)
    for number, model in run.models.items():
        alone = [
            parameter
            for parameter in trainable(model)
            if not run.owners.get((number, parameter.name))
            and reached.get((number, parameter.name), Reached()).often
        ]
        if alone:
            owned = [p for p in trainable(model) if run.owners.get((number, p.name))]
            if not owned and not run.ended:
                continue  # its own optimizer may not have had its turn yet
            yield _finding(run, model, alone, owned, reached)


def _finding(
    run: Run,
    model: Model,
    alone: list[Parameter],
    owned: list[Parameter],
    reached: dict[Name, Reached],
) -> Finding:
    names = [parameter.name for parameter in alone]
    first = min(reached[model.id, name].first for name in names)
    optimizer = next((o for o in run.optimizers.values() if not o.by_hand), None)
    return RULE.found(
        "no optimizer owns {tensors:trainable parameter} of {model} ({numbers:number}: {names}), "
        "although each gets a gradient",
        site=optimizer.site if optimizer is not None else model.site,
        step=first,
        count=len(alone),
        severity=_severity(run, model, alone, owned, first),
        fix="give the optimizer model.parameters(), or freeze these with requires_grad_(False)",
        tensors=len(alone),
        numbers=sum(math.prod(parameter.shape) for parameter in alone),
        model=model.class_name,
        names=listed(children(names)),
        examples=tuple(names[:8]),
        owned=len(owned),
        looks=min(reached[model.id, name].looks for name in names),
        largest_norm=max(max(reached[model.id, name].norms) for name in names),
    )


def _severity(
    run: Run, model: Model, alone: list[Parameter], owned: list[Parameter], first: int
) -> Severity | None:
    if not owned:
        # A network of its own: a fixed one is usually in evaluation mode, a forgotten one not.
        return "warning" if _in_training_mode(run, model.id) else "hint"
    if first > min(run.looks):
        return None  # it got no gradient at first: it was frozen, and nobody told the optimizer
    parts = children(parameter.name for parameter in trainable(model) if "." in parameter.name)
    others = children(parameter.name for parameter in alone)
    only_last = children(parameter.name for parameter in owned) == parts[-1:]
    # Training the last layer on top of others that were not frozen wastes time, and may be meant.
    return "warning" if only_last and set(others) <= set(parts[:-1]) else None


def _in_training_mode(run: Run, model: int) -> bool:
    return any(
        op.facts.get("training")
        for anatomy in run.anatomies
        for op in run.operations(anatomy)
        if op.op == "forward" and op.facts.get("model") == model
    )
