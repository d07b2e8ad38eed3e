"""A learning rate scheduler was made, and never stepped.

## What happens
A scheduler was made for an optimizer, the optimizer was stepped over several passes, and
`scheduler.step()` was never called; or the scheduler was made for an optimizer that does no steps.

## Why it hurts
The learning rate stays where it began, and the decay or warm-up that the settings promise does not
happen.

## How to fix it
    for epoch in range(epochs):
        train(...)
        scheduler.step()

and make the scheduler for the optimizer that is stepped, after that was made.

## When it is fine
A scheduler that is asked for its rates and never stepped, to draw a picture of them.

## Sources
voicepaw/so-vits-svc-fork#291, SConsul/Global_Convolutional_Network#5.
"""

from __future__ import annotations

from collections.abc import Iterator

from goingdeep.check.rates import rates, stepped
from goingdeep.check.rule import Finding, NotSeen, Rule
from goingdeep.check.run import Run

RULE = Rule(
    "scheduler-never-stepped",
    "hint",
    needs=("step", "optimizer"),
    unproved="the right schedule follows from the length of the training, and a proof has 60 steps",
)

LEAST_STEPS = 10
LEAST_PASSES = 2
"""A call at the end of the only epoch comes after the last step, and is in no step's record."""

AROUND = {"SequentialLR", "ChainedScheduler"}
"""Schedulers that step others."""


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each scheduler that nobody stepped."""
    if not run.schedulers:
        return
    if sum(walk.complete for walk in run.passes_of("training")) < LEAST_PASSES:
        raise NotSeen("fewer than two whole passes over a training loader")
    around = {s.optimizer for s in run.schedulers.values() if s.class_name in AROUND}
    for scheduler in run.schedulers.values():
        if scheduler.optimizer < 0:
            continue  # it was made for something that is no optimizer of torch's
        steps = run.steps_of(scheduler.optimizer)
        idle = not steps and run.steps >= LEAST_STEPS
        if scheduler.optimizer in around or (steps < LEAST_STEPS and not idle):
            continue
        if not idle and (stepped(run, scheduler).calls or _moved(run, scheduler.optimizer)):
            continue
        yield RULE.found(
            "{scheduler} was made for an optimizer that did no step"
            if idle
            else "{scheduler} was never stepped in {steps} steps of its optimizer",
            site=scheduler.site,
            count=max(1, steps),
            fix="scheduler.step()  # at the end of each epoch",
            scheduler=scheduler.class_name,
            steps=steps,
        )


def _moved(run: Run, optimizer: int) -> bool:
    """Whether the rate changed and no scheduler's step did it: Ignite asks one, and sets it itself."""
    others = [s for s in run.schedulers.values() if s.optimizer == optimizer]
    known = rates(run, optimizer)
    if known is None or any(stepped(run, other).calls for other in others):
        return False
    return float(known.low.min()) < known.peak
