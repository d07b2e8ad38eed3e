"""Workers draw the same random numbers.

## What happens
The dataset draws from NumPy's or Python's generator, and several workers (or the same worker in
every epoch) began with that generator in the same state. PyTorch seeds them differently by
itself; a `worker_init_fn` that seeds with a constant or with the worker's number alone undoes
that.

## Why it hurts
"Random" crops, flips and negatives repeat: with four equal workers there are four copies of each
draw, and with workers that repeat themselves every epoch has the same augmentation. Training sees
far less variety than the code promises.

## How to fix it
Leave `worker_init_fn` out, or derive the seed from the one PyTorch gives, which differs between
workers and epochs:

    def worker_init_fn(worker):
        numpy.random.seed(torch.initial_seed() % 2**32)

## When it is fine
Datasets that draw nothing, or only from torch, are not judged.

## Sources
pytorch/pytorch#5059, pytorch/pytorch#41329, xingyizhou/CenterNet#233,
facebookresearch/fairseq#1383, open-mmlab/OpenPCDet#886, Lightning-AI/pytorch-lightning#20412.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from goingdeep.check.rule import Finding, Rule
from goingdeep.check.run import Run
from goingdeep.record.seen import Worker

RULE = Rule(
    "worker-rng-duplicates",
    "warning",
    needs=("loader",),
    unproved="the samples that were not drawn are no part of the record",
)

GENERATORS = {"numpy": "NumPy's generator", "python": "Python's generator"}


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each loader whose workers drew equal numbers."""
    by_loader: dict[int, list[Worker]] = {}
    for worker in run.workers:
        by_loader.setdefault(worker.loader, []).append(worker)
    for number, workers in by_loader.items():
        for generator, name in GENERATORS.items():
            used = [w for w in workers if getattr(w, generator) and getattr(w, f"{generator}_used")]
            finding = _among(run, number, used, generator, name)
            if finding is not None:
                yield finding
                break


def _among(run: Run, number: int, used: list[Worker], generator: str, name: str) -> Finding | None:
    """Equal states in one pass, or in one worker over the passes."""
    loader = run.loaders.get(number)
    walk = next((p for p in run.passes if p.loader == number), None)
    site = run.loader_site(number, walk)
    in_pass = Counter((worker.number, getattr(worker, generator)) for worker in used)
    (pass_number, _), alike = max(in_pass.items(), key=lambda pair: pair[1], default=((0, ""), 0))
    fix = "leave worker_init_fn out, or seed with torch.initial_seed() % 2**32 in it"
    if alike > 1:
        return RULE.found(
            "{alike} of {workers} workers began pass {pass_number} with {generator} in the same "
            "state, and the dataset draws from it",
            site=site,
            count=alike,
            fix=fix,
            alike=alike,
            workers=sum(worker.number == pass_number for worker in used),
            pass_number=pass_number,
            generator=name,
        )
    over_passes = Counter((worker.worker, getattr(worker, generator)) for worker in used)
    (worker, _), times = max(over_passes.items(), key=lambda pair: pair[1], default=((0, ""), 0))
    # Workers that live on are seeded once, and go on drawing.
    if times > 1 and not (loader is not None and loader.persistent):
        return RULE.found(
            "worker {worker} began {times} of {passes} passes with {generator} in the same state, "
            "and the dataset draws from it: every epoch draws the same numbers",
            site=site,
            count=times,
            fix=fix,
            worker=worker,
            times=times,
            passes=len({w.number for w in used}),
            generator=name,
        )
    return None
