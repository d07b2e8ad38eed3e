"""The graphs of old losses are kept alive.

## What happens
Something holds on to losses as tensors: `total += loss` or `losses.append(loss)`. Each of them
keeps the whole graph of its step, so none can be freed.

## Why it hurts
Memory grows with every step, until it runs out, often hours later and somewhere else. With
`total += loss` the chain of additions grows, too.

## How to fix it
    total += loss.item()

or `loss.detach()` where waiting for the number on every step costs too much.

## When it is fine
Backpropagation through some steps of time, and meta-learning, keep a bounded number of graphs.

## Sources
BatsResearch/labelmodels#4, visionml/pytracking#313, horovod/horovod#641, pytorch/pytorch#64586.
"""

from __future__ import annotations

from collections.abc import Iterator

from goingdeep.check.rule import Finding, Rule
from goingdeep.check.run import Run
from goingdeep.record.seen import Kept

RULE = Rule(
    "graph-retained",
    "warning",
    needs=("backward",),
    unproved="it costs memory and time, and changes no number",
)

LEAST_STEPS = 50
"""Steps after which a growing number of graphs is no window that was meant."""

LEAST_ALIVE = 16
"""Of the losses that are more than 20 steps old."""

NEARLY_ALL = 0.9


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each line whose losses stay alive."""
    by_site: dict[int, Kept] = {}
    for kept in run.of(Kept):
        newest = by_site.get(kept.site)
        if newest is None or kept.alive >= newest.alive:
            by_site[kept.site] = kept
    for site, kept in by_site.items():
        if (
            kept.step >= LEAST_STEPS
            and kept.alive >= LEAST_ALIVE
            and kept.alive >= NEARLY_ALL * kept.of
        ):
            yield RULE.found(
                "at step {at_step} the graphs of {alive} of {of} losses that are long past were "
                "still alive",
                site=site,
                seek="kept-loss",
                step=kept.step,
                count=kept.alive,
                fix="keep loss.item() or loss.detach() of it, not the loss itself",
                at_step=kept.step,
                alive=kept.alive,
                of=kept.of,
            )
