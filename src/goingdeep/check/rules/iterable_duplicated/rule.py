"""Every worker of an iterable dataset gives all of its samples.

## What happens
An `IterableDataset` runs once in each worker process. Without dividing the work by
`get_worker_info()` each of them gives the whole data, so that a pass with W workers holds every
sample W times.

## Why it hurts
An "epoch" is W epochs long, copies of one sample stand close together, and everything counted in
epochs (schedules, logs, early stopping) is wrong. In an evaluation every sample counts W times.

## How to fix it
Let each worker take its share:

    def __iter__(self):
        info = torch.utils.data.get_worker_info()
        first, step = (info.id, info.num_workers) if info else (0, 1)
        yield from itertools.islice(self.samples(), first, None, step)

## When it is fine
Data that repeats by itself: it is reported only where each sample comes as often as there are
workers.

## Sources
huggingface/datasets#3423, pytorch/pytorch#30599, espnet/espnet#2081.
"""

from __future__ import annotations

from collections.abc import Iterator

from goingdeep.check.rule import Finding, Rule
from goingdeep.check.run import Run

RULE = Rule(
    "iterable-duplicated",
    "error",
    needs=("loader", "samples"),
    unproved="the samples that were not drawn are no part of the record",
)

CLOSE = 0.01
"""How far the number of copies may be from the number of workers (a few samples are alike)."""

LEAST_DISTINCT = 10


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each loader that gives each sample as often as it has workers."""
    said = set()
    for walk in run.passes:
        loader = run.loaders.get(walk.loader)
        if loader is None or loader.id in said or not loader.dataset.iterable or loader.workers < 2:
            continue
        if not walk.complete or not walk.hashed or walk.distinct < LEAST_DISTINCT:
            continue
        copies = walk.samples / walk.distinct
        if abs(copies / loader.workers - 1) <= CLOSE:
            said.add(loader.id)
            yield RULE.found(
                "a pass gave {samples} samples of which {distinct} differ: each came {copies} "
                "times, with {workers} workers",
                site=run.loader_site(loader.id, walk),
                step=walk.first_step,
                count=sum(other.loader == loader.id for other in run.passes),
                fix="divide the samples by torch.utils.data.get_worker_info() in __iter__",
                samples=walk.samples,
                distinct=walk.distinct,
                copies=round(copies, 2),
                workers=loader.workers,
                dataset=loader.dataset.class_name,
            )
