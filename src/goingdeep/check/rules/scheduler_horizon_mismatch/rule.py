"""The learning rate schedule is shorter or longer than the training.

## What happens
The schedule was told another number of steps than the loop makes: the learning rate reaches 0
while training goes on, or a cosine runs past its end and rises again, or the run ends in the
warm-up. Often the number was given in epochs and the scheduler is stepped per batch (or the other
way round), or it forgets that several batches make one step.

## Why it hurts
At a learning rate of 0 steps change nothing: the rest of the training is wasted. A rate that
rises again undoes what the decay had settled, and one that never comes down leaves the model
unsettled.

## How to fix it
Count the steps of the loop, and give the schedule that number:

    steps = epochs * len(loader)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps)

## When it is fine
A run that was cut short on purpose (a cosine over 200 epochs, stopped after 10) gives a hint. A
rate of 0 for the last few steps is the end of a schedule, and cyclic schedules rise as they
should.

## Sources
deepset-ai/FARM#46, sooftware/kospeech#129.
"""

from __future__ import annotations

from collections.abc import Iterator

from goingdeep.check.rates import Rates, Stepped, rates, setting, stepped
from goingdeep.check.rule import Finding, Rule
from goingdeep.check.run import Run

RULE = Rule(
    "scheduler-horizon-mismatch",
    "warning",
    needs=("step",),
    silenced_by=("scheduler-per-batch",),
    unproved="the right schedule follows from the length of the training, and a proof has 60 steps",
)

NOTHING = 1e-6
"""The share of the highest rate that is taken for the end of a decay to 0."""

WASTED = 0.05
"""Of all steps: fewer may be rounding at the end of a schedule."""

LEAST_STEPS = 20

HORIZONS = ("T_max", "total_steps", "total_iters")

SHORT = 0.5
"""Of the horizon: a run that made fewer calls was cut short, or counts something else."""

RISEN = 0.2
"""Of the highest rate, beyond a cosine's end: it comes back up."""


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each schedule that does not fit the training."""
    for scheduler in run.schedulers.values():
        curve = rates(run, scheduler.optimizer)
        if curve is None or curve.steps < LEAST_STEPS or curve.peak <= 0:
            continue
        how = stepped(run, scheduler)
        if how.calls:
            yield from _too_short(how, curve)
            yield from _too_long(run, how, curve)


def _horizon(how: Stepped) -> tuple[str, float] | None:
    for name in HORIZONS:
        value = setting(how.scheduler, name)
        if value is not None and value > 0:
            return name, value
    return None


def _too_short(how: Stepped, curve: Rates) -> Iterator[Finding]:
    at = curve.from_here_below(NOTHING * curve.peak)
    horizon = _horizon(how)
    if at is not None and at > 1 and curve.steps - at + 1 > WASTED * curve.steps:
        yield RULE.found(
            "the learning rate is {rate} from step {zero_from} on: {wasted} of {steps} steps "
            "change nothing",
            site=how.scheduler.site,
            step=at,
            count=curve.steps - at + 1,
            fix="give the schedule the number of scheduler.step() calls the loop makes",
            rate=curve.high_at(at),
            zero_from=at,
            wasted=curve.steps - at + 1,
            steps=curve.steps,
            highest=curve.peak,
            scheduler=how.scheduler.class_name,
            calls=how.calls,
            horizon=horizon[1] if horizon else None,
        )
    elif how.scheduler.class_name == "CosineAnnealingLR" and horizon is not None:
        lowest = float(curve.low.min())
        rises = curve.end - lowest > RISEN * (curve.peak - lowest)
        if how.calls > horizon[1] * (1 + WASTED) and rises and curve.peak > lowest:
            yield RULE.found(
                "the cosine ends after {horizon} calls of {calls}: the learning rate came down to "
                "{lowest} and rose again to {last}",
                site=how.scheduler.site,
                step=1 + int(curve.first[int(curve.low.argmin())]),
                count=how.calls - int(horizon[1]),
                why="a rate that rises again undoes what the decay had settled",
                fix=f"{horizon[0]}={how.calls}  # the number of scheduler.step() calls",
                horizon=horizon[1],
                calls=how.calls,
                lowest=lowest,
                last=curve.end,
            )


def _too_long(run: Run, how: Stepped, curve: Rates) -> Iterator[Finding]:
    """Only a run that has ended can have been too short for its schedule."""
    horizon = _horizon(how)
    mine = how.scheduler
    followed = any(  # by one that took over: weight averaging has a schedule of its own
        other.optimizer == mine.optimizer and other.id > mine.id and stepped(run, other).calls
        for other in run.schedulers.values()
    )
    if not run.ended or run.cut_short or horizon is None or followed:
        return
    name, value = horizon
    if (
        how.scheduler.class_name in ("CosineAnnealingLR", "OneCycleLR")
        and how.calls < SHORT * value
    ):
        yield RULE.found(
            "the schedule lasts {horizon} calls and was stepped {calls} times: the learning rate "
            "ended at {last}, its highest was {highest}",
            site=how.scheduler.site,
            step=curve.steps,
            count=how.calls,
            severity="hint",
            why="the rate never came down: the run was cut short, or the number is of other things",
            fix=f"{name}={how.calls}  # if this is the whole training",
            horizon=value,
            calls=how.calls,
            last=curve.end,
            highest=curve.peak,
            scheduler=how.scheduler.class_name,
        )
