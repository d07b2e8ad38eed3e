"""Gradients are cleared before any step has used them.

## What happens
A backward computed gradients, and `zero_grad()` threw them away before `step()`: it stands inside
the accumulation (so that only the last of several batches counts), or between backward and step
(so that the step has nothing to use).

## Why it hurts
The forward and backward of the discarded batches were for nothing. With accumulation over k
batches the training uses one sample in k, at a batch size that is not the one that was asked for.

## How to fix it
Clear right after the step, and nowhere else:

    loss.backward()
    if (i + 1) % accumulate == 0:
        optimizer.step()
        optimizer.zero_grad()

## When it is fine
A backward for the inputs' gradient before the real one (adversarial training), a first pass over
the same batch (sharpness-aware steps), gradients left in another network, and steps that a
gradient scaler skipped.

## Sources
huggingface/accelerate#1299, dscripka/openWakeWord#316, bytetriper/RAE#67, gaozhihan/PreDiff#32.
"""

from __future__ import annotations

from collections.abc import Iterator

from goingdeep.check.proof import Remedy
from goingdeep.check.rule import Finding, Rule
from goingdeep.check.run import Run, gradient_state
from goingdeep.record.seen import Op

RULE = Rule(
    "ga-cleared-early",
    "error",
    needs=("backward", "step"),
    remedy=Remedy(name="with gradients kept until the step", clear="right"),
)

LEAST_STEPS = 3

GONE = {"none", "zero"}


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each optimizer whose gradients are thrown away."""
    for number in run.by_optimizer:
        clears = {way: _clear(run, way, number) for way in run.ways(number)}
        for streak in run.streaks(number, {a for a, op in clears.items() if op is not None}):
            clear = clears[streak.anatomy]
            if streak.count < LEAST_STEPS or clear is None:
                continue
            backwards = run.times(streak.anatomy, "backward")
            used = _used(run, streak.anatomy, number)
            yield RULE.found(
                "{discarded} of {backwards} backwards before each step were for nothing: their "
                "gradients were cleared unused, in {steps} steps",
                site=clear.site,
                step=streak.first,
                count=streak.count,
                fix="optimizer.zero_grad()  # only right after optimizer.step()",
                discarded=backwards - used,
                backwards=backwards,
                steps=streak.count,
                first_step=streak.first,
            )
            break


def _used(run: Run, anatomy: int, optimizer: int) -> int:
    """Backwards of a step whose gradients it used: 0 or 1 where the others were cleared."""
    step = run.last_op(anatomy, "step")
    return int(step is not None and gradient_state(step, optimizer) not in GONE)


def _clear(run: Run, anatomy: int, optimizer: int) -> Op | None:
    """The clear that threw gradients away in a step; None where none did."""
    pending: Op | None = None  # the newest backward that no step has used
    clear: Op | None = None  # the clear after it
    batch = False  # whether another batch came after it
    for op in run.operations(anatomy):
        if op.op == "step-scaled":
            pending = clear = None  # skipped by the scaler: the gradients were not finite
        elif op.op == "clear" and pending is not None and clear is None:
            clear = op
        elif op.op == "batch":
            batch = True
        elif op.op == "backward":
            if pending is not None and clear is not None and batch and _gone(op):
                return clear
            pending, clear, batch = op, None, False
        elif op.op == "step" and op.facts.get("optimizer") == optimizer:
            cleared = pending is not None and clear is not None
            return clear if cleared and gradient_state(op, optimizer) in GONE else None
    return None


def _gone(op: Op) -> bool:
    """Whether no optimizer has a gradient when a backward begins."""
    text = op.facts.get("grads")
    if not isinstance(text, str):
        return False
    states = [part.partition(":")[2] or part for part in text.split()]
    return bool(states) and all(state in GONE for state in states)
