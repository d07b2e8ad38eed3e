"""Gradients are summed over several batches without dividing the loss.

## What happens
Several backwards add up before one `step`, and each starts at the loss as the criterion gives it,
a mean over its own batch. The update uses the sum of these means: with k batches it is k times as
large as for one batch of the same size.

## Why it hurts
The step is k times the one that the learning rate was chosen for, and gradient clipping bites k
times as early. With Adam the size cancels, but weight decay and clipping still change.

## How to fix it
    loss = criterion(model(inputs), labels) / accumulate
    loss.backward()

## When it is fine
Several losses or networks that each call backward once, losses that are sums, and learning rates
that were chosen for it.

## Sources
karpathy/nanoGPT#206, hirofumi0810/neural_sp#168, agokrani/distillKitPlus#5.
"""

from __future__ import annotations

from collections.abc import Iterator

from goingdeep.check.proof import Remedy
from goingdeep.check.rule import Finding, Rule
from goingdeep.check.run import Run
from goingdeep.record.seen import Op

RULE = Rule("ga-not-scaled", "hint", needs=("backward", "step"), silenced_by=("ga-cleared-early",))

LEAST_STEPS = 3


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each optimizer that steps on a sum of mean losses."""
    for number in run.by_optimizer:
        raw = {way: _raw(run, way) for way in run.ways(number)}
        for streak in run.streaks(number, {a for a, op in raw.items() if op is not None}):
            backward = raw[streak.anatomy]
            if streak.count < LEAST_STEPS or backward is None:
                continue
            times = run.times(streak.anatomy, "backward")
            optimizer = run.optimizers.get(number)
            yield RULE.found(
                "{updates} updates each used the sum of {times} mean losses, which nothing divides "
                "by {times}",
                site=backward.site,
                step=streak.first,
                count=streak.count,
                fix=f"(loss / {times}).backward()",
                remedy=Remedy(name=f"with each loss divided by {times}", scale=1 / times),
                updates=streak.count,
                times=times,
                optimizer=optimizer.class_name if optimizer is not None else None,
            )
            break


def _raw(run: Run, anatomy: int) -> Op | None:
    """The backward of a step that several of them add up for, from a mean loss as it is."""
    operations = run.operations(anatomy)
    backwards = [op for op in operations if op.op == "backward"]
    if len(backwards) < 2 or len({op.site for op in backwards}) > 1:
        return None
    batches = sum(op.op == "batch" for op in operations)
    if batches < len(backwards):
        return None  # several losses of one batch
    if any(op.facts.get("grads") == "none" for op in backwards[1:]):
        return None
    means = all(
        loss is not None and loss.reduction == "mean"
        for op in operations
        if op.op == "loss"
        for loss in (run.loss_of(op),)
    )
    # One node from the root of backward to the loss function: nothing was done to it.
    single = all(str(op.facts.get("came_from", "")).count("|") == 0 for op in backwards)
    named = all(str(op.facts.get("came_from", "")) in MEANS for op in backwards)
    return backwards[0] if means and single and named else None


MEANS = {
    "NllLossBackward0", "NllLoss2DBackward0", "CrossEntropyLossBackward0", "MseLossBackward0",
    "L1LossBackward0", "SmoothL1LossBackward0", "HuberLossBackward0", "BinaryCrossEntropyBackward0",
    "BinaryCrossEntropyWithLogitsBackward0",
}  # fmt: skip
"""Loss functions that take the mean themselves, as autograd names them."""
