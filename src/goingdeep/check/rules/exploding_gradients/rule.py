"""The gradients grow a thousandfold, and the loss with them.

## What happens
The norm of all gradients rose to more than a thousand times of what it was at the first steps, while
the loss rose, and nothing limits the gradients.

## Why it hurts
Each step throws the weights further than the one before: the loss climbs until it is infinite, and
what was learned is lost long before that.

## How to fix it
A smaller learning rate (ten times smaller is a fair first try), a warm-up, and a limit:

    torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)

## When it is fine
A game of two networks, and rewards that are rare: single spikes that the training survives.

## Sources
RaoFoundation/bittensor#229, ironjr/grokfast#9;
https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_norm_.html
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator

from goingdeep.check.parameters import gradients_at
from goingdeep.check.proof import Remedy
from goingdeep.check.rule import Finding, NotSeen, Rule
from goingdeep.check.run import LookBackward, Run

RULE = Rule(
    "exploding-gradients",
    "warning",
    needs=("look", "backward", "step"),
    silenced_by=("grads-not-cleared", "nan-loss"),
    remedy=Remedy(name="with gradients clipped to 1", clip=1.0),
)

GROWN = 1_000
"""Times the median of the looks before; ordinary training stays within a factor of ten or so."""

LEAST_LOOKS = 4


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding where the last gradients that were looked at had grown beyond measure."""
    norms = {step: _norm(run, step) for step in sorted(run.looks)}
    norms = {step: norm for step, norm in norms.items() if norm > 0}
    if len(norms) < LEAST_LOOKS:
        raise NotSeen("the gradients of too few steps were looked at")
    steps = list(norms)
    last = steps[-1]
    usual = statistics.median(norms[step] for step in steps[:-1][: max(3, len(steps) // 2)])
    first_loss, last_loss = _loss(run, steps[0]), _loss(run, last)
    rose = first_loss is not None and last_loss is not None and last_loss > 2 * abs(first_loss)
    alone = len(run.optimizers) == 1 and not run.has("clip")
    if norms[last] < GROWN * usual or not rose or not alone:
        return
    site = run.looks[last].of(LookBackward)[-1].site
    yield RULE.found(
        "the norm of all gradients went from {before} to {after} by step {at}, and the loss from "
        "{first_loss} to {last_loss}",
        site=site,
        step=last,
        fix="a smaller lr, and after this line torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)",
        before=usual,
        after=norms[last],
        at=last,
        first_loss=first_loss,
        last_loss=last_loss,
    )


def _norm(run: Run, step: int) -> float:
    total = sum(norm**2 for norm in gradients_at(run, step).values() if norm < 1e150)
    return math.sqrt(total)


def _loss(run: Run, step: int) -> float | None:
    values = [b.value for b in run.looks[step].of(LookBackward)]
    return values[-1] if values and isinstance(values[-1], float) else None
