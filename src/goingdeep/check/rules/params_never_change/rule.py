"""The optimizer steps, and the parameters stay the same bits.

## What happens
Parameters have a gradient, the learning rate is above 0, `step()` runs, and afterwards every
value is what it was before. Most often the update is too small for the number format: in bfloat16
a weight of 0.1 cannot be changed by less than about 0.0002. Other causes are a step on a copy, faults
in a backend, and a `loss.backward` that is named and never called.

## Why it hurts
Nothing is learned, although loss, gradients and step all look alive.

## How to fix it
Keep the weights in float32 and compute in half precision with autocast:

    with torch.autocast("cuda", dtype=torch.bfloat16):
        loss = loss_fn(model(inputs), targets)

If the weights must be 16 bit, use a larger learning rate or an optimizer that keeps a float32
copy.

## When it is fine
A learning rate of 0 (the start of a warm-up), a step that the gradient scaler skipped, single
parameters whose gradient is next to nothing (a bias before BatchNorm), and those whose gradient the
loop takes away before the step (`p.grad = None`, a mask of zeros) are not reported.

## Sources
huggingface/accelerate#2665; a backend that wrote into copies:
https://elanapearl.github.io/blog/2025/the-bug-that-taught-me-pytorch/.
"""

from __future__ import annotations

from collections.abc import Iterator

from goingdeep.check.channels import lacking, lost
from goingdeep.check.parameters import Name, children, gradients_at, listed
from goingdeep.check.proof import Remedy
from goingdeep.check.rule import Finding, NotSeen, Rule
from goingdeep.check.run import Run, gradient_state
from goingdeep.record.look import LookStep, Update

RULE = Rule(
    "params-never-change",
    "error",
    needs=("step",),
    silenced_by=("stale-optimizer", "graph-cut", "loss-rewrapped", "ga-cleared-early"),
)

NEEDS = ("backward", "look")
"""To compare weights; that there was no backward at all shows without them."""

LEAST_STEPS = 5
"""Steps from the first to the last look at which nothing changed."""

LEAST_LOOKS = 3

CLEAR_RATIO = 1e-5
"""A change of the weight's norm by this share is 80 times what float32 can tell apart (1.2e-7)."""

SMALLEST_CHANGE = {"bfloat16": 2.0**-9, "float16": 2.0**-12, "float32": 2.0**-25}
"""The share of a value below which a change is always rounded away, by format."""


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each optimizer whose steps leave parameters as they were."""
    blind = next(lacking(run, NEEDS), "") or lost(run, NEEDS)
    if blind:
        yield from _without_backward(run)
        raise NotSeen(blind)
    for number in run.by_optimizer:
        looks = [(look.step, step) for look, step in run.looked_at(number) if _rate(step) > 0]
        if len(looks) < LEAST_LOOKS or looks[-1][0] - looks[0][0] + 1 < LEAST_STEPS:
            continue
        same: dict[Name, list[tuple[Update, float]]] = {}
        for step, event in looks:
            norms = gradients_at(run, step)
            for update in event.updates:
                norm = norms.get((update.model, update.name), 0.0)
                if norm > 0 and not update.idle:
                    same.setdefault((update.model, update.name), []).append((update, norm))
        stuck = {
            name: seen
            for name, seen in same.items()
            if len(seen) >= LEAST_LOOKS and not any(update.changed for update, _ in seen)
        }
        rate = _rate(looks[-1][1])
        everything = len(stuck) == len(same) and bool(same)
        if not everything:
            stuck = {
                name: seen for name, seen in stuck.items() if _should_move(seen, rate, looks[0][1])
            }
        if stuck:
            yield _finding(run, number, stuck, len(same), looks, rate)


def _without_backward(run: Run) -> Iterator[Finding]:
    """Optimizers that step, and nothing in the whole program gave them a gradient to step by."""
    if run.has("backward") or run.has("grad") or lost(run, ("backward", "forward")):
        return
    for number, optimizer in run.optimizers.items():
        ways = [run.operations(way) for way in run.ways(number)]
        last = [op for operations in ways for op in operations if op.op == "step"]
        trains = any(op.op == "forward" and op.facts.get("grad") for ops in ways for op in ops)
        never = all(gradient_state(op, number) == "none" for op in last)
        if last and trains and never and run.steps_of(number) >= LEAST_STEPS:
            yield RULE.found(
                "{steps} steps of {optimizer}, and not one backward: no parameter has a gradient",
                site=last[0].site,
                step=1,
                count=run.steps_of(number),
                fix="loss.backward()  # before this line; without () it is not called",
                steps=run.steps_of(number),
                optimizer=optimizer.class_name,
            )


def _rate(step: LookStep) -> float:
    rate = step.settings.get("lr")
    return float(rate) if isinstance(rate, int | float) else 0.0


def _should_move(seen: list[tuple[Update, float]], rate: float, step: LookStep) -> bool:
    """Whether the update is far above what the number format can tell apart."""
    if "adam" in step.class_name.lower():
        return True  # its update is about the rate, whatever the gradient
    return all(
        isinstance(update.weight, float) and rate * norm > CLEAR_RATIO * update.weight
        for update, norm in seen
    )


def _finding(
    run: Run,
    number: int,
    stuck: dict[Name, list[tuple[Update, float]]],
    judged: int,
    looks: list[tuple[int, LookStep]],
    rate: float,
) -> Finding:
    (model, name), seen = next(iter(stuck.items()))
    update, norm = seen[0]
    formats = {
        parameter.dtype
        for place in stuck
        if (known := run.models.get(place[0])) is not None
        for parameter in known.parameters
        if parameter.name == place[1]
    }
    dtype = next(iter(formats)) if len(formats) == 1 else None
    small = dtype in ("bfloat16", "float16")
    optimizer = run.optimizers.get(number)
    return RULE.found(
        "{tensors} of {judged} parameters ({names}) are the same bits after {looks} steps from "
        "{first_step} to {last_step}, with gradients and a learning rate of {rate}"
        + ("; they are {dtype}, which rounds small changes away" if small else ""),
        site=looks[0][1].site,
        step=looks[0][0],
        count=len(looks),
        remedy=Remedy(name="with the weights in float32", float32=True) if small else None,
        fix="keep the weights in float32 and compute under torch.autocast"
        if small
        else "step on the model's own parameters (not copies, not .data of something else)",
        tensors=len(stuck),
        judged=judged,
        names=listed(children(place[1] for place in stuck)),
        looks=len(looks),
        first_step=looks[0][0],
        last_step=looks[-1][0],
        rate=rate,
        dtype=dtype,
        parameter=name,
        weight_norm=update.weight,
        gradient_norm=norm,
        smallest_change=SMALLEST_CHANGE.get(dtype or ""),
        optimizer=optimizer.class_name if optimizer is not None else None,
        model=model,
    )
