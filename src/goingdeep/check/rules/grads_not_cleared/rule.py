"""Gradients are never cleared between updates.

## What happens
`loss.backward()` adds to whatever stands in `parameter.grad`. Without `optimizer.zero_grad()`
every update uses the sum of all gradients since the training began, not the gradient of its own
batch.

## Why it hurts
Each update follows the sum of all gradients so far: old batches, computed at weights that are
long gone, outvote the new one. The steps grow, the loss swings or stalls, and a smaller learning
rate seems to help, so the cause is looked for in the wrong place.

## How to fix it
Clear once for every update, before `backward` or right after `step`:

    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

## When it is fine
Summing over several backwards and then stepping once (gradient accumulation) is no mistake: there
the gradients are cleared after the step. With several optimizers each is judged by itself: what
another network's loss leaves behind does not matter if it is cleared before its own next use.

## Sources
wenet-e2e/wekws#72, wenet-e2e/wekws#73, tenstorrent/tt-blacksmith#711,
yastrebksv/TennisCourtDetector#7, snakers4/silero-vad#699; a warning for it was asked of
PyTorch in pytorch/pytorch#47175.
"""

from __future__ import annotations

from collections.abc import Iterator

from goingdeep.check.proof import Remedy
from goingdeep.check.rule import Finding, NotSeen, Rule
from goingdeep.check.run import UNKNOWN, Run, Streak, gradient_state
from goingdeep.record.seen import Op

RULE = Rule(
    "grads-not-cleared",
    "error",
    needs=("backward", "step"),
    remedy=Remedy(name="with gradients cleared for every update", clear="right"),
)

LEAST_STEPS = 3
"""Consecutive updates on top of used gradients: one may be meant, three are a habit."""


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each optimizer whose updates used gradients of earlier updates again."""
    judged = False
    for number, optimizer in run.optimizers.items():
        if optimizer.by_hand or number not in run.by_optimizer:
            continue
        states = {way: _state(run, way, number) for way in run.ways(number)}
        judged = judged or any(state != UNKNOWN for state in states.values())
        summed = {anatomy for anatomy, state in states.items() if state == "summed"}
        streaks = list(run.streaks(number, summed))
        long = [streak for streak in streaks if streak.count >= LEAST_STEPS]
        if not long:
            continue
        first = long[0]
        backward = _backward(run, first)
        yield RULE.found(
            "{updates} of {steps} updates used gradients left over from the update before, "
            "the first at step {first_step}",
            site=backward.site if backward is not None else optimizer.site,
            step=first.first,
            count=sum(streak.count for streak in streaks),
            fix="optimizer.zero_grad()  # before this line, for every update",
            updates=sum(streak.count for streak in streaks),
            steps=run.steps_of(number),
            first_step=first.first,
            longest_row=max(streak.count for streak in long),
            optimizer=optimizer.class_name,
        )
    if not judged:
        raise NotSeen("the states of the gradients are not known")


def _backward(run: Run, streak: Streak) -> Op | None:
    """The backward before the first of some steps: another optimizer's step may stand between."""
    ways = [streak.anatomy, *(s.anatomy for s in run.at(streak.first - 1)), *run.anatomies]
    return next((op for way in ways if (op := run.last_op(way, "backward")) is not None), None)


def _state(run: Run, anatomy: int, optimizer: int) -> str:
    """The state of the gradients that the step used."""
    for op in reversed(run.operations(anatomy)):
        if op.op == "step" and op.facts.get("optimizer") == optimizer:
            return gradient_state(op, optimizer)
    return UNKNOWN
