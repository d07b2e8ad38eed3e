"""The loader is started anew for every step: only its first batch is ever used.

## What happens
`next(iter(loader))` inside the training loop makes a new iterator each time and takes its first
batch. Without shuffling that is the same batch for ever; with shuffling it is a random batch, at
the price of starting the loader (and its workers) at every step.

## Why it hurts
Training on one batch memorises it: the loss goes to zero, and nothing is learned about the rest
of the data. With shuffling, some samples never come while others come often, and most time is
spent on starting over.

## How to fix it
Walk over the loader:

    for inputs, labels in loader:
        ...

For a fixed number of steps keep one iterator, and begin anew when it ends:

    batches = iter(loader)
    for step in range(steps):
        try:
            inputs, labels = next(batches)
        except StopIteration:
            batches = iter(loader)
            inputs, labels = next(batches)

## When it is fine
Looking at one batch now and then, trying to overfit one batch that was taken once, and the
pattern above, which uses every batch. Random batches drawn this way on purpose give a hint.

## Sources
leohsuofnthu/Pytorch-IterativeFCN#7, skhu101/GM-NAS#4.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from goingdeep.check.rule import Finding, Rule
from goingdeep.check.run import Run
from goingdeep.record.seen import Pass

RULE = Rule(
    "only-first-batch",
    "warning",
    needs=("training",),
    unproved="the samples that were not drawn are no part of the record",
)

LEAST_WALKS = 20
"""Walks that were given up at once: fewer may be a look at some batches."""

MOST_BATCHES = 2
"""Batches taken from each."""


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each loader that is started again and again."""
    by_place: dict[tuple[int, int], list[Pass]] = {}
    for walk in run.passes_of("training"):
        if not walk.complete and walk.batches <= MOST_BATCHES:
            by_place.setdefault((walk.loader, walk.site), []).append(walk)
    for (number, site), walks in by_place.items():
        loader = run.loaders.get(number)
        if loader is None or len(walks) < LEAST_WALKS:
            continue
        if loader.length is not None and loader.length <= MOST_BATCHES:
            continue  # there is not more
        same = Counter(walk.head[0] for walk in walks if walk.head).most_common(1)
        equal = same[0][1] if same else 0
        fixed = equal >= len(walks) // 2 or loader.shuffle is False
        yield RULE.found(
            "the loader was started {walks} times and at most {most} of its {length} batches were "
            "taken each time" + ("; {equal} times it was the same batch" if equal > 1 else "")
            if loader.length is not None
            else "the loader was started {walks} times and at most {most} batches were taken each "
            "time" + ("; {equal} times it was the same batch" if equal > 1 else ""),
            site=site,
            step=walks[0].first_step,
            count=len(walks),
            severity=None if fixed else "hint",
            fix="for inputs, labels in loader:  # or keep one iterator",
            walks=len(walks),
            most=max(walk.batches for walk in walks),
            length=loader.length,
            equal=equal,
            shuffle=loader.shuffle,
        )
