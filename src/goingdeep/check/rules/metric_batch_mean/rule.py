"""The loss of a pass is the sum of batch means, divided by the number of samples.

## What happens
The loss function gives the mean of a batch. The loop adds these means up, and divides by the number of
samples, as if they were sums. What is printed is too small by about the batch size.

## Why it hurts
The number is no loss: it changes with the batch size, cannot be compared with the training loss or with
another program's, and a model that guesses looks like one that knows.

## How to fix it
Add up the losses of samples, and divide by their number:

    total += loss_fn(model(x), y).item() * len(x)
    ...
    total /= len(loader.dataset)

Dividing the sum of means by `len(loader)`, the number of batches, gives nearly the same: the last batch
counts more than it should where it is smaller than the others.

## When it is fine
A loss with `reduction="sum"`, batches of one sample. It is said only where the source leaves no doubt:
the sum and the division stand in the function that calls the loss.

## Sources
pytorch/tutorials#1486, Justin-A/DeepLearning101#14, mahmoodlab/PathomicFusion#3,
udacity/deep-learning-v2-pytorch#129.
"""

from __future__ import annotations

from collections.abc import Iterator

from goingdeep.check.averages import division
from goingdeep.check.rule import Finding, Rule
from goingdeep.check.run import Run
from goingdeep.record.seen import Pass

RULE = Rule(
    "metric-batch-mean",
    "hint",
    needs=("loss", "loader"),
    unproved="the training's steps are what they should be: what the evaluation says is wrong",
)

LEAST_BATCH = 2
"""Samples: the mean of one is its sum."""


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each loss whose batch means are divided by a number of samples."""
    for number, loss in run.losses.items():
        walk = _walk(run, number) if loss.reduction == "mean" else None
        tree = run.tree(loss.site) if walk is not None else None
        site = run.site(loss.site)
        if walk is None or tree is None or site is None or division(tree, site.line) is None:
            continue
        said = None if walk.loss is None else walk.loss * walk.batches / walk.samples
        yield RULE.found(
            "the mean loss of {batches} batches is {loss}; by {samples} samples it becomes {said}"
            if said is not None
            else "the means of {batches} batches are summed, and divided by {samples} samples",
            site=loss.site,
            step=walk.step,
            fix="add loss.item() * len(x), or divide by len(loader)",
            seek="division",
            batches=walk.batches,
            samples=walk.samples,
            loss=walk.loss,
            said=said,
            function=loss.function,
        )


def _walk(run: Run, number: int) -> Pass | None:
    """A whole pass whose batches this loss was called on, if it can be told."""
    for walk in run.passes:
        evaluated = any(op.op == "loss" and op.facts.get("loss") == number for op in walk.ops)
        trained = walk.role == "training" and run.loss_in_training(number)
        if not walk.complete or walk.samples < LEAST_BATCH * walk.batches or not walk.batches:
            continue
        if evaluated or (trained and len({w.loader for w in run.passes_of("training")}) == 1):
            return walk
    return None
