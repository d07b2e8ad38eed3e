"""After whole passes over the data the loss is no better than that of a constant answer.

## What happens
The mean loss of the last pass over the training data is at least the entropy of its labels: what a
model gets that ignores its input and always says how frequent each class is.

## Why it hurts
Nothing of the input has been used. A curve that moves a little, or that fell from a bad beginning to
this number, hides that.

## How to fix it
Try to fit one batch of eight samples: the loss must go to nearly 0. If it does not, the fault is in
model, loss or optimizer; if it does, look at the data (do the labels belong to the samples?) and at the
learning rate.

## When it is fine
Labels that cannot be told from the inputs. Losses that are not the cross-entropy of the classes alone
are not judged.

## Sources
https://karpathy.github.io/2019/04/25/recipe/ (to overfit one batch, and to know the loss of a constant
answer).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from goingdeep.check.rule import Finding, NotSeen, Rule
from goingdeep.check.run import Run
from goingdeep.record.seen import LossFunction, Pass

RULE = Rule(
    "loss-not-decreasing",
    "warning",
    needs=("training", "loss"),
    silenced_by=(
        "nan-loss",
        "grads-not-cleared",
        "params-never-change",
        "stale-optimizer",
        "nothing-trainable",
        "double-softmax",
        "softmax-wrong-dim",
        "relu-before-loss",
        "dead-relu",
        "vanishing-gradients",
        "exploding-gradients",
        "batch-mixing",
        "loss-rewrapped",
        "graph-cut",
        "scheduler-per-batch",
        "scheduler-horizon-mismatch",
        "inputs-unnormalised",
        "double-or-wrong-normalise",
        "only-first-batch",
        "ga-cleared-early",
        "constant-predictions",
        "bn-tiny-batch",
        "unshuffled-train",
        "params-not-in-optimizer",
    ),
    unproved="it is a symptom: which change would help is not known",
)

LEAST_PASSES = 3
LEAST_STEPS = 100


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each training loader whose last pass was no better than a constant."""
    losses = [loss for loss in run.losses.values() if run.loss_in_training(loss.id)]
    if len(losses) != 1 or not _plain(losses[0]):
        raise NotSeen("the training has no single cross-entropy without weights")
    walks: dict[int, list[Pass]] = {}
    for walk in run.passes_of("training"):
        if walk.complete and walk.loss is not None and walk.losses == walk.steps:
            walks.setdefault(walk.loader, []).append(walk)
    judged = False
    for mine in walks.values():
        last = mine[-1]
        entropy = _entropy(last)
        if len(mine) < LEAST_PASSES or last.last_step < LEAST_STEPS or entropy is None:
            continue
        judged = True
        assert last.loss is not None
        if last.loss >= entropy:
            yield RULE.found(
                "in pass {number} the mean loss was {loss}; a model that ignores its input, and says "
                "how frequent each of the {classes} classes is, gets {constant}",
                site=losses[0].site,
                step=last.first_step,
                count=len(mine),
                fix="fit one batch of eight samples first: its loss must go to nearly zero",
                number=last.number,
                loss=last.loss,
                classes=len(last.labels.counts) if last.labels is not None else 0,
                constant=round(entropy, 4),
                first_pass=mine[0].loss,
            )
    if not judged:
        raise NotSeen("too few whole passes with class labels")


def _plain(loss: LossFunction) -> bool:
    smoothing = loss.settings.get("label_smoothing") or 0
    weighted = isinstance(loss.settings.get("weight"), str)
    return (
        loss.function == "cross_entropy" and loss.reduction == "mean" and not weighted
        and not smoothing and len(loss.input) == 2 and len(loss.target) == 1
    )  # fmt: skip


def _entropy(walk: Pass) -> float | None:
    """The loss of the best constant answer, in nats."""
    counts = walk.labels.counts if walk.labels is not None else {}
    total = sum(counts.values())
    if len(counts) < 2:
        return None
    return -sum(count / total * math.log(count / total) for count in counts.values())
