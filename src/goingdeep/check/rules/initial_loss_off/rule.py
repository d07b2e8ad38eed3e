"""The first loss is far from that of a model that knows nothing.

## What happens
The very first cross-entropy is more than twice, or less than half, the logarithm of the number of
classes, which is the loss of equal probabilities.

## Why it hurts
A first loss that is far too high means that the model is sure of wrong answers before it has seen
anything: scores of the wrong scale, and the first steps are spent on undoing that. Far too low means
that the labels, or the number of classes, are not what they should be.

## How to fix it
Make the last layer small at the beginning, and look at labels and inputs of one batch:

    nn.init.normal_(model.head.weight, std=0.01)
    nn.init.zeros_(model.head.bias)

## When it is fine
Models that were trained before. Where weights were loaded before the first step this rule keeps silent;
it cannot know of other ways to come by them, so it is off unless it is asked for.

## Sources
https://karpathy.github.io/2019/04/25/recipe/ ("verify loss @ init").
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from goingdeep.check.rule import Finding, Rule
from goingdeep.check.run import LookLoss, Run
from goingdeep.record.seen import StateLoaded

RULE = Rule(
    "initial-loss-off",
    "hint",
    needs=("loss", "look"),
    on=False,
    unproved="it is a symptom: which change would help is not known",
)

FACTOR = 2.0


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for the first step's cross-entropy where it is far from equal probabilities."""
    look = run.looks.get(1)
    if any(load.what == "model" and not load.step for load in run.of(StateLoaded)):
        return
    for part in look.of(LookLoss) if look is not None else ():
        loss = run.losses.get(part.loss)
        plain = loss is not None and loss.function == "cross_entropy" and loss.reduction == "mean"
        if loss is None or not plain or len(loss.input) < 2 or not isinstance(part.value, float):
            continue
        equal = math.log(loss.input[1]) if loss.input[1] > 1 else 0.0
        if equal and not equal / FACTOR <= part.value <= equal * FACTOR:
            yield RULE.found(
                "the first loss is {value}; {classes} equal probabilities have {equal}",
                site=part.site,
                step=1,
                fix="nn.init.normal_(last_layer.weight, std=0.01); nn.init.zeros_(last_layer.bias)",
                value=part.value,
                classes=loss.input[1],
                equal=round(equal, 3),
                low=loss.low,
                high=loss.high,
            )
        return
