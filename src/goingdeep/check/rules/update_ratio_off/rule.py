"""The steps are far too large, or far too small, for the weights.

## What happens
An update changed the weights by more than a tenth of their size again and again while the loss did
not fall; or by less than a millionth while it stood still.

## Why it hurts
Steps that are too large jump over every valley, and steps that are too small take a million of them to
get anywhere; both look like a model that cannot learn.

## How to fix it
Change `lr` by factors of ten, until the change of a weight in one step is about a thousandth of the
weight. `gd show --step N` prints the ratio.

## When it is fine
A warm-up, whose first steps are tiny; weights that begin at 0, for which every step is large.

## Sources
https://cs231n.github.io/neural-networks-3/#ratio
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator

from goingdeep.check.curves import ends
from goingdeep.check.proof import Remedy
from goingdeep.check.rule import Finding, NotSeen, Rule
from goingdeep.check.run import LookStep, Run

RULE = Rule(
    "update-ratio-off", "hint", needs=("look", "step", "optimizer"),
    silenced_by=(
        "grads-not-cleared", "nan-loss", "exploding-gradients", "params-never-change",
        "dead-relu", "vanishing-gradients", "nothing-trainable",
    ),
)  # fmt: skip

USUAL, LARGE, SMALL = 1e-3, 1e-1, 1e-6
"""A thousandth is usual; these are a hundred times more, and a thousand times less."""

LEAST_STEPS = 50
LEAST_LOOKS = 4
SETTLED = 4
FLAT = 0.95
"""Of the loss at the beginning."""


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each optimizer whose steps were all out of proportion."""
    judged = False
    for number, optimizer in run.optimizers.items():
        ratios = {
            look.step: ratio
            for look, step in run.looked_at(number)
            if look.step >= SETTLED and (ratio := _ratio(step)) is not None
        }
        loss = ends(run.curve(f"loss-{number}" if number else "loss").table())
        if run.steps_of(number) < LEAST_STEPS or len(ratios) < LEAST_LOOKS or loss is None:
            continue
        judged = True
        flat = loss[1] >= FLAT * loss[0]
        large = min(ratios.values()) > LARGE
        small = max(ratios.values()) < SMALL
        if not flat or not (large or small):
            continue
        typical = statistics.median(ratios.values())
        yield RULE.found(
            "in {looks} steps that were looked at {optimizer} changed a weight by {ratio} of its size, "
            "and the loss went from {before} to {after}",
            site=optimizer.site,
            step=min(ratios),
            count=len(ratios),
            fix="a smaller lr, by a factor of ten" if large else "a larger lr, by a factor of ten",
            remedy=_remedy(typical),
            looks=len(ratios),
            optimizer=optimizer.class_name,
            ratio=typical,
            before=loss[0],
            after=loss[1],
        )
    if not judged:
        raise NotSeen("too few steps were looked at")


def _remedy(ratio: float) -> Remedy:
    """The rate that would change a weight by a thousandth, in powers of ten."""
    factor = 10.0 ** round(math.log10(USUAL / ratio)) if ratio > 0 else 1.0
    return Remedy(name=f"with the learning rate times {factor:g}", rate=factor)


def _ratio(step: LookStep) -> float | None:
    """The median over the parameters that had a size before."""
    known = [u.ratio for u in step.updates if isinstance(u.ratio, float) and u.weight != 0]
    return statistics.median(known) if known else None
