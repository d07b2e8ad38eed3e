"""The scheduler is stepped before the optimizer.

## What happens
`scheduler.step()` came before the first `optimizer.step()`. The first value of the schedule is
never used, and all others are used one step (or one epoch) early.

## Why it hurts
The first learning rate of the schedule is skipped: a warm-up starts one step too high, and decays
begin one epoch too soon. PyTorch changed the order in version 1.1; code from before it does this.

## How to fix it
    optimizer.step()
    scheduler.step()

## When it is fine
A gradient scaler that skipped the very first step (its scale was too large) looks the same, and
is not reported.

## Sources
PyTorch warns of it since 1.1 ("Detected call of lr_scheduler.step() before optimizer.step()"):
michuanhaohao/reid-strong-baseline#190, Lightning-AI/pytorch-lightning#92.
"""

from __future__ import annotations

from collections.abc import Iterator

from goingdeep.check.rule import Finding, Rule
from goingdeep.check.run import Run

RULE = Rule(
    "scheduler-before-optimizer",
    "hint",
    needs=("step",),
    unproved="it moves the schedule by one call, which no loss shows",
)


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each scheduler that was stepped before its optimizer's first step."""
    for scheduler in run.schedulers.values():
        stretches = run.by_optimizer.get(scheduler.optimizer)
        if not stretches:
            continue
        first = stretches[0]
        operations = run.operations(first.anatomy)
        if any(op.op == "step-scaled" for op in operations):
            continue
        for op in operations:
            if op.op == "step":
                break
            if op.op == "schedule" and op.facts.get("scheduler") == scheduler.id:
                yield RULE.found(
                    "{scheduler} was stepped before the first step of {optimizer}",
                    site=op.site,
                    step=first.first,
                    fix="optimizer.step() first, then scheduler.step()",
                    scheduler=scheduler.class_name,
                    optimizer=run.optimizers[scheduler.optimizer].class_name
                    if scheduler.optimizer in run.optimizers
                    else "the optimizer",
                )
                break
