"""BatchNorm normalises over a handful of numbers.

## What happens
In training a BatchNorm took the mean and the deviation of each channel over at most four numbers:
batch size times the positions that are left at that layer.

## Why it hurts
A mean of so few numbers is mostly chance: each sample is changed by which others are beside it, and
the running statistics that evaluation uses fit no single batch, so that training and evaluation
disagree.

## How to fix it
Larger batches, or a norm that looks at one sample only:

    nn.GroupNorm(8, channels)

## When it is fine
Small batches of large images: there are thousands of positions in each channel. Layers that are
frozen (in evaluation mode) do not use the batch at all.

## Sources
xuebinqin/BASNet#42, microsoft/CNTK#905; one number per channel is an error in PyTorch
(pytorch/pytorch#1381, pytorch/pytorch#4534), two are not.
"""

from __future__ import annotations

from collections.abc import Iterator

from goingdeep.check.proof import JOINED, Remedy
from goingdeep.check.rule import Finding, NotSeen, Rule
from goingdeep.check.run import Run
from goingdeep.record.seen import CallMode

RULE = Rule(
    "bn-tiny-batch",
    "warning",
    needs=("forward", "step"),
    remedy=Remedy(name=f"with batches of {JOINED}", batches="joined", measure="all samples"),
)

MOST_VALUES = 4
"""Numbers per channel; the deviation of four is off by 40 % on average."""

LEAST_STEPS = 3


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each model whose BatchNorm had so few numbers in training."""
    calls = [call for call in run.of(CallMode) if call.function == "batch_norm"]
    trained = [call for call in calls if call.training and call.grad and call.statistics]
    if not trained and calls:
        raise NotSeen("no BatchNorm ran in training mode")
    small = [call for call in trained if 0 < call.values <= MOST_VALUES]
    for model in dict.fromkeys(call.model for call in small):
        mine = [call for call in small if call.model == model]
        sizes = _batch_sizes(run, model)
        # The first batch decides only where all batches are of one size.
        if run.steps < LEAST_STEPS or len(sizes) > 1:
            continue
        yield _found(run, mine, max(sizes, default=0))


def _batch_sizes(run: Run, model: int) -> set[int]:
    return {
        loader.batch_size
        for walk in run.passes_of("training")
        if model in walk.models
        and (loader := run.loaders.get(walk.loader)) is not None
        and loader.batch_size
    }


def _found(run: Run, calls: list[CallMode], batch: int) -> Finding:
    first = min(calls, key=lambda call: call.values)
    return RULE.found(
        "in training {layer} took its mean over {values:number} per channel",
        site=first.site,
        step=first.step + 1,
        count=run.steps,
        fix="a larger batch_size, or nn.GroupNorm in place of BatchNorm",
        layer=f"{first.module} ({first.class_name})" if first.module else first.class_name,
        values=first.values,
        layers=len(calls),
        batch_size=batch or None,
    )
