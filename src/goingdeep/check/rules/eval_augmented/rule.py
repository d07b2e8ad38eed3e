"""The evaluation set is changed at random, differently in each pass.

## What happens
Two evaluations read the same samples in the same order, and got different values: random transforms
(or other random numbers) are at work where the evaluation set is read.

## Why it hurts
Each evaluation is of other data, so a part of every change of the score is chance, and the best of many
such scores is the luckiest one; random crops and flips also make the task harder than it is in use.

## How to fix it
Transforms of its own for evaluation, with nothing random in them:

    test_transform = v2.Compose([v2.Resize(256), v2.CenterCrop(224), to_tensor, normalise])

A split of one dataset shares its transforms: make two datasets, and split both by the same indices.

## When it is fine
Averaging over random views on purpose, or noise that is the task (denoising): seed it, and the
evaluations can be compared.

## Sources
zoogzog/chexnet#27, mrdbourke/pytorch-deep-learning#1352.
"""

from __future__ import annotations

from collections.abc import Iterator

from goingdeep.check.rule import Finding, NotSeen, Rule
from goingdeep.check.run import Run
from goingdeep.record.seen import Pass

RULE = Rule(
    "eval-augmented",
    "warning",
    needs=("evaluation", "samples"),
    unproved="the training's steps are what they should be: what the evaluation says is wrong",
)


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each evaluation loader that gave the same indices other contents."""
    judged = False
    by_loader: dict[int, list[Pass]] = {}
    for walk in run.passes_of("evaluation"):
        if walk.complete and walk.indices and walk.order:
            by_loader.setdefault(walk.loader, []).append(walk)
    for number, walks in by_loader.items():
        if len(walks) < 2 or len({walk.indices for walk in walks}) > 1:
            continue
        judged = True
        contents = {walk.order for walk in walks}
        loader = run.loaders.get(number)
        if len(contents) < len(walks) or loader is None:
            continue
        random = loader.dataset.random
        yield RULE.found(
            "{passes} evaluations read the same {samples} samples in one order, and each time their "
            "values differed" + (": the dataset applies {transforms}" if random else ""),
            site=run.loader_site(number, walks[0]),
            step=walks[1].step,
            count=len(walks),
            severity=None if random else "hint",
            fix="a transform without random parts for the evaluation set",
            passes=len(walks),
            samples=walks[0].samples,
            transforms=random or None,
            dataset=loader.dataset.class_name,
            evaluated_at=run.place(walks[0].site),
        )
    if not judged:
        raise NotSeen("no evaluation read the same samples in the same order twice")
