"""Training data comes in the order of the file, sorted by class.

## What happens
The training loader does not shuffle, and the labels of a batch are much more alike than in the
data as a whole: the file is sorted by class, and so is every epoch.

## Why it hurts
Each batch pulls the model towards one class, the next ones towards another. Training swings and
forgets, BatchNorm sees one class at a time, and the last class of the file is remembered best.

## How to fix it
    train_loader = DataLoader(train_set, batch_size=64, shuffle=True)

An `IterableDataset` has to shuffle by itself (shuffle the list of files, and keep a buffer).

## When it is fine
A fixed order whose labels are well mixed costs little and gives a hint only. Text, time series
and other data without class labels keep their order for good reasons and are not judged; nor are
samplers that PyTorch does not know (few-shot episodes), nor a batch that is all of the data.

## Sources
Deci-AI/super-gradients#416, open-mmlab/mmdetection#1649, ultralytics/yolov5#2582,
joaoamcarvalho/mpd-public#6; the mnist example in pytorch/examples never shuffles on a CPU.
"""

from __future__ import annotations

from collections.abc import Iterator

from goingdeep.check.proof import Remedy
from goingdeep.check.rule import Finding, NotSeen, Rule
from goingdeep.check.run import Run
from goingdeep.record.seen import Loader, Pass

RULE = Rule("unshuffled-train", "warning", needs=("training",))

LEAST_BATCHES = 20
"""Batches whose labels were looked at, over all passes."""

CLUSTERED = 0.5
"""Different labels in a batch, as a share of what a well-mixed batch of its size would have."""

LEAST_PASSES = 2

UNLABELLED = "the order is fixed, and there are no class labels to tell whether that hurts"
FEW = "the order is fixed, and the labels of too few batches were read to tell whether that hurts"


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each training loader with a fixed order."""
    unseen = ""
    by_loader: dict[int, list[Pass]] = {}
    for walk in run.passes_of("training"):
        by_loader.setdefault(walk.loader, []).append(walk)
    for number, walks in by_loader.items():
        loader = run.loaders.get(number)
        if loader is None or max(walk.batches for walk in walks) < 2:
            continue
        if loader.shuffle is not False and not loader.dataset.iterable:
            continue
        labels = [walk.labels for walk in walks if walk.labels is not None]
        batches = sum(label.batches for label in labels)
        if batches < LEAST_BATCHES:
            unseen = unseen or (FEW if labels else UNLABELLED)
            continue
        distinct = sum(label.distinct * label.batches for label in labels) / batches
        expected = sum(label.expected * label.batches for label in labels) / batches
        if expected > 1 and distinct < CLUSTERED * expected:
            yield _finding(run, loader, walks, distinct, expected, batches)
        elif loader.shuffle is False and len(walks) >= LEAST_PASSES:
            yield RULE.found(
                "this loader gave {passes} training passes in one fixed order, with mixed labels",
                site=run.loader_site(number, walks[0]),
                step=walks[0].first_step,
                count=len(walks),
                severity="hint",
                why="batches are made of the same samples in every epoch",
                fix="DataLoader(..., shuffle=True)",
                passes=len(walks),
                distinct=distinct,
                expected=expected,
            )
    if unseen:
        raise NotSeen(unseen)


def _finding(
    run: Run, loader: Loader, walks: list[Pass], distinct: float, expected: float, batches: int
) -> Finding:
    return RULE.found(
        "training batches have {distinct} different labels where mixed ones would have {expected} "
        "(mean of {batches} batches), and the loader does not shuffle",
        site=run.loader_site(loader.id, walks[0]),
        step=walks[0].first_step,
        count=len(walks),
        remedy=Remedy(name="with their samples mixed", batches="mixed", measure="all samples"),
        fix="shuffle inside the dataset: it is iterable"
        if loader.dataset.iterable
        else "DataLoader(..., shuffle=True)",
        distinct=round(distinct, 2),
        expected=round(expected, 2),
        batches=batches,
        passes=len(walks),
        sampler=loader.sampler,
    )
