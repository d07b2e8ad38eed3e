"""Predictions and targets of different shapes: the loss compares every one with every other.

## What happens
The loss was given predictions of shape (N, 1) and targets of shape (N,), or the other way round.
They are stretched to fit, and the result is an (N, N) table: each prediction is compared with the
target of every sample of the batch, and the mean is taken over all N x N pairs.

## Why it hurts
The best answer to such a loss is the mean of the targets for every sample, and that is what the
model learns. The loss falls at first and then stays at the variance of the targets.

## How to fix it
Bring both to one shape:

    loss = nn.functional.mse_loss(predictions.squeeze(1), targets)
    loss = nn.functional.mse_loss(predictions, targets.unsqueeze(1))

## When it is fine
A scalar, or one row for all samples, stretched on purpose: the result is then no larger than the
larger of the two. Only a table in which the length of the batch stands twice is reported.

## Sources
pytorch/pytorch#16045, pytorch/pytorch#19699, IntelLabs/matsciml#347, jsboige/CoursIA#926. PyTorch warns
once for some functions ("Using a target size that is different to the input size"), and not at all for
`((p - y) ** 2).mean()`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

from goingdeep.check.proof import Remedy
from goingdeep.check.rule import Finding, Rule
from goingdeep.check.run import Run
from goingdeep.record.seen import LossFunction

RULE = Rule("loss-shape-broadcast", "error", needs=("loss",))

STRETCHING = {"mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "hand-written"}
"""Losses that stretch their arguments; the others refuse different shapes."""


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each loss whose arguments were stretched into a table of pairs."""
    places = set()
    for loss in run.losses.values():
        batch = _batch(loss)
        if loss.function in STRETCHING and batch > 1 and loss.site not in places:
            places.add(loss.site)  # training and evaluation in one function: one mistake
            by_hand = loss.function == "hand-written"
            known = not by_hand and _stretched(loss.input, loss.target) == loss.broadcast
            yield RULE.found(
                "{function} was given predictions {predictions} and targets {targets}: it is the "
                "mean over {pairs} pairs for {batch} samples"
                if known
                else "predictions and targets were stretched to {table}: the loss is over {pairs} "
                "pairs for {batch} samples",
                site=loss.site,
                step=run.first_step_with_loss(loss.id),
                count=max(1, run.calls_of_loss(loss.id)),
                severity="warning" if by_hand else None,
                remedy=Remedy(
                    name="with predictions of the targets' shape",
                    leave_out=("expand",),
                    loss="pairwise",
                    measure="squared error",
                )
                if loss.function == "mse_loss" and loss.input == (batch, 1)
                else None,
                fix="predictions.squeeze(1)  # or targets.unsqueeze(1), so that both shapes agree",
                function=loss.module or loss.function,
                predictions=loss.input if known else None,
                targets=loss.target if known else None,
                table=loss.broadcast,
                pairs=math.prod(loss.broadcast),
                batch=batch,
                value=loss.value,
            )


def _stretched(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, ...]:
    """The shape to which two shapes are stretched; () where they do not fit.

    >>> _stretched((4, 1), (4,))
    (4, 4)
    """
    pairs = list(itertools.zip_longest(one[::-1], other[::-1], fillvalue=1))
    if any(a != b and 1 not in (a, b) for a, b in pairs):
        return ()
    return tuple(max(pair) for pair in pairs)[::-1]


def _batch(loss: LossFunction) -> int:
    """The length of the batch where it stands twice in the shape of the result, else 0."""
    table = loss.broadcast
    larger = max(math.prod(loss.input), math.prod(loss.target))
    if len(table) < 2 or math.prod(table) <= larger:
        return 0
    for length in table:
        if length > 1 and table.count(length) >= 2 and length in (*loss.input, *loss.target):
            return length
    return 0
