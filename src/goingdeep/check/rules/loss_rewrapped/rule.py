"""Backward starts at a loss that has no history.

## What happens
`backward()` was called on a tensor that no operation made: `loss.requires_grad = True`,
`torch.tensor(loss, requires_grad=True)` or `Variable(loss.data, requires_grad=True)`. That
silences "element 0 of tensors does not require grad", and its gradient ends in the loss itself.

## Why it hurts
No parameter gets a gradient, so no step changes anything. The error that was silenced was right:
the way from the parameters to the loss is broken somewhere before.

## How to fix it
Take the line out, read the error again, and mend what it means: a `.detach()`, `.item()`,
`.numpy()`, `torch.no_grad()` or `requires_grad_(False)` between the parameters and the loss.

    loss = criterion(model(inputs), labels)   # made by operations, nothing to switch on
    loss.backward()

## When it is fine
A constant loss for a rare batch that has nothing to learn from. Optimising an input is no
exception: there the loss was made from it by operations.

## Sources
speechbrain/speechbrain#735, roman-vygon/triplet_loss_kws#6, ronghuaiyang/arcface-pytorch#56,
Kostis-S-Z/exploring_meta#16.
"""

from __future__ import annotations

from collections.abc import Iterator

from goingdeep.check.rule import Finding, Rule
from goingdeep.check.run import Run, gradient_state
from goingdeep.record.seen import Op

RULE = Rule(
    "loss-rewrapped",
    "error",
    needs=("backward", "step"),
    unproved="there is no way left from the loss that is wrapped again to the model",
)

LEAST_STEPS = 3

NOTHING_NEW = {"none", "zero", "left-over"}
"""States of gradients that no backward wrote to."""


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each place where backward starts at a tensor without history."""
    places = set()
    for number in run.by_optimizer:
        empty = {a for a in run.anatomies if _is_empty(run, a, number)}
        for streak in run.streaks(number, empty):
            root = _root(run, streak.anatomy)
            if streak.count < LEAST_STEPS or root is None or root.site in places:
                continue
            places.add(root.site)
            yield RULE.found(
                "backward started at a tensor that no operation made, and no parameter got a "
                "gradient: {steps} steps in a row, from step {first_step} on",
                site=root.site,
                seek="requires-grad",
                step=streak.first,
                count=streak.count,
                fix="take out requires_grad=True on the loss; mend what cuts it from the model",
                steps=streak.count,
                first_step=streak.first,
                gradients=gradient_state(_step(run, streak.anatomy) or root, number),
            )


def _root(run: Run, anatomy: int) -> Op | None:
    """The backward of a step that started at a leaf."""
    for op in run.operations(anatomy):
        if op.op == "backward" and op.facts.get("leaf"):
            return op
    return None


def _step(run: Run, anatomy: int) -> Op | None:
    return run.last_op(anatomy, "step")


def _is_empty(run: Run, anatomy: int, optimizer: int) -> bool:
    backwards = [op for op in run.operations(anatomy) if op.op == "backward"]
    step = _step(run, anatomy)
    return (
        bool(backwards)
        and all(op.facts.get("leaf") for op in backwards)
        and step is not None
        and gradient_state(step, optimizer) in NOTHING_NEW
    )
