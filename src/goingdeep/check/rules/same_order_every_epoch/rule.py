"""The loader shuffles, and every epoch has the same order.

## What happens
The order looks random, but it is the same permutation in each epoch: a `DistributedSampler` whose
`set_epoch` is never called, or a generator that is seeded again before every epoch.

## Why it hurts
The same samples share a batch for the whole training. With `DistributedSampler` each process also
sees the same part of the data for ever. Augmentation that follows the same seed is repeated, too.

## How to fix it
    for epoch in range(epochs):
        sampler.set_epoch(epoch)
        for inputs, labels in loader:
            ...

Seed generators once, before the first epoch.

## When it is fine
A loader that does not shuffle says so (see unshuffled-train). One batch with all the data has no
order. Repeating the order on purpose, to compare runs, can be accepted with a comment.

## Sources
pytorch/pytorch#31771, kan-bayashi/ParallelWaveGAN#177, Spijkervet/SimCLR#26,
lucidrains/DALLE-pytorch#230, Snowdar/asv-subtools#8.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from goingdeep.check.rule import Finding, Rule
from goingdeep.check.run import Run
from goingdeep.record.seen import Loader, Pass

RULE = Rule(
    "same-order-every-epoch",
    "warning",
    needs=("training", "samples"),
    unproved="it shows over epochs, and a proof has 60 steps",
)

LEAST_SAMPLES = 16
"""By chance two orders of so many are equal once in 2e13."""


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each shuffled dataset that came in the same order twice in a row."""
    groups: dict[tuple[int, int], list[Pass]] = {}
    for walk in run.passes_of("training"):
        loader = run.loaders.get(walk.loader)
        # A loader that is made anew for every epoch is the same one to its reader.
        if loader is not None and loader.shuffle and not loader.dataset.iterable:
            groups.setdefault((loader.dataset.id, walk.site), []).append(walk)
    for walks in groups.values():
        pairs = [
            (one, other)
            for one, other in itertools.pairwise(walks)
            if _order(one) and _order(one) == _order(other) and other.samples >= LEAST_SAMPLES
            and other.batches > 1
        ]  # fmt: skip
        if pairs:
            first = pairs[0][1]
            loader = run.loaders[first.loader]
            yield RULE.found(
                "{repeats} of {passes} shuffled passes had the order of the one before: {samples} "
                "samples",
                site=_site(run, loader, first),
                step=first.first_step,
                count=len(pairs),
                fix=_fix(loader),
                repeats=len(pairs),
                passes=len(walks),
                samples=first.samples,
                sampler=loader.sampler,
            )


def _order(walk: Pass) -> str:
    """The order in which a pass came: by index where that is known, else by content."""
    return walk.indices or walk.order


def _site(run: Run, loader: Loader, walk: Pass) -> int:
    return walk.site if "Distributed" in loader.sampler else run.loader_site(loader.id, walk)


def _fix(loader: Loader) -> str:
    if "Distributed" in loader.sampler:
        return "sampler.set_epoch(epoch)  # before this loop"
    return "seed once, before the epochs, not in each of them"
