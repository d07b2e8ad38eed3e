"""A scheduler that counts epochs is stepped for every batch.

## What happens
`scheduler.step()` stands inside the batch loop, while the scheduler's numbers (`step_size`,
`milestones`, `gamma`, `patience`) are meant in epochs. The learning rate went through its whole
decay within the first epoch.

## Why it hurts
From the first epoch on the learning rate is so small that nothing moves any more, and the
training goes on for all its epochs without learning.

## How to fix it
Move the call out of the batch loop:

    for epoch in range(epochs):
        for inputs, labels in loader:
            ...
        scheduler.step()

or give the numbers in batches.

## When it is fine
OneCycleLR, warm-ups, cyclic and warm-restart schedules are stepped per batch. Any schedule may
be, as long as the rate does not collapse: the collapse is what is reported.

## Sources
ivadomed/ivadomed#55, automl/Auto-PyTorch#210, aimagelab/meshed-memory-transformer#71,
nodefluxio/vortex#58, pytorch/vision#1261.
"""

from __future__ import annotations

from collections.abc import Iterator

from goingdeep.check.proof import Remedy
from goingdeep.check.rates import rates, stepped
from goingdeep.check.rule import Finding, Rule
from goingdeep.check.run import Run

RULE = Rule(
    "scheduler-per-batch",
    "warning",
    needs=("step",),
    remedy=Remedy(name="with the learning rate kept", rate_held=True),
)

BY_EPOCH = {"StepLR", "MultiStepLR", "ExponentialLR", "ReduceLROnPlateau"}
"""Schedulers whose usual numbers are epochs (their pages in PyTorch's documentation say so)."""

COLLAPSE = 1e-3
"""The share of the first rate that is taken for a collapse: three decays by 0.1."""

EARLY = 0.3
"""Of the whole run: what is left of it learns nothing. Or within the first epoch, if that is longer."""

MOST_STEPS = 0.9
"""The share of optimizer steps that were followed by the scheduler's: "for every batch"."""

LEAST_STEPS = 20


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each scheduler that collapsed within an epoch."""
    for scheduler in run.schedulers.values():
        curve = rates(run, scheduler.optimizer)
        if scheduler.class_name not in BY_EPOCH or curve is None or curve.steps < LEAST_STEPS:
            continue
        how = stepped(run, scheduler)
        # The last step's call comes after the last anatomy.
        if how.steps_with_call < MOST_STEPS * how.steps - 1:
            continue
        limit = COLLAPSE * curve.start * (1 + 1e-9)  # 0.1 * 0.1 * 0.1 is a little more
        at = curve.from_here_below(limit)
        epoch = _epoch(run)
        early = max(EARLY * curve.steps, epoch if epoch < curve.steps else 0)
        if at is not None and at <= early and curve.start > 0:
            yield RULE.found(
                "{scheduler} was stepped for every batch: the learning rate fell from {first_rate} "
                "to {rate} by step {fell_by} of {steps}",
                site=how.site,
                step=at,
                count=how.calls,
                fix="scheduler.step()  # once for each epoch, after the batch loop",
                scheduler=scheduler.class_name,
                first_rate=curve.start,
                rate=curve.high_at(at),
                fell_by=at,
                steps=curve.steps,
                calls=how.calls,
                epoch_steps=epoch,
            )


def _epoch(run: Run) -> int:
    """Steps of the first whole training pass; 0 where there is none."""
    walk = next((p for p in run.passes_of("training") if p.complete), None)
    return walk.steps if walk is not None else 0
