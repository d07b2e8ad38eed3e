"""The model that is kept was chosen by the only data that it is evaluated on.

## What happens
One loader is evaluated again and again during the training, the model is saved after some of these
evaluations and not after others, and no other data is ever evaluated.

## Why it hurts
The best of many scores is the luckiest one: it is higher than what the model reaches on data that it
was not chosen by, the more so the smaller the set and the more often it was looked at.

## How to fix it
Three parts: train on the first, choose by the second, and read the third once, at the end:

    train_set, val_set = random_split(train_and_val, [0.9, 0.1])

## When it is fine
The loader is a validation set, and the test is done by another program. The record cannot tell, so this
rule is off unless it is asked for. Saving after every evaluation, or every so many, chooses nothing.

## Sources
gwinndr/MusicTransformer-Pytorch#10, med-air/Contrastive-COVIDNet#4, dk-liang/CrowdCLIP#11,
thunlp/OpenNRE#59.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from goingdeep.check.rule import Finding, Rule
from goingdeep.check.run import Run
from goingdeep.record.seen import StateSaved

RULE = Rule(
    "selection-on-test",
    "hint",
    needs=("evaluation", "training"),
    on=False,
    unproved="the training's steps are what they should be: what the evaluation says is wrong",
)

LEAST_EVALUATIONS = 3


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding where saves follow the scores of the only evaluation loader."""
    walks = run.passes_of("evaluation")
    loaders = {walk.loader for walk in walks}
    if len(loaders) != 1 or len(walks) < LEAST_EVALUATIONS:
        return
    evaluated = {walk.step for walk in walks}
    saved = [event for event in run.of(StateSaved) if event.step in evaluated]
    chosen = {event.step for event in saved}
    if not chosen or len(chosen) >= len(evaluated) or len(saved) < len(run.of(StateSaved)):
        return
    if _regular(
        [at for at, step in enumerate(sorted(evaluated)) if step in chosen], len(evaluated)
    ):
        return
    yield RULE.found(
        "the model was saved after {saves} of {evaluations} evaluations of one loader, and no other "
        "data was evaluated",
        site=saved[0].site,
        step=saved[0].step,
        count=len(chosen),
        fix="choose by a validation part, and read the test part once, at the end",
        saves=len(chosen),
        evaluations=len(evaluated),
        evaluated_at=run.place(walks[0].site),
    )


def _regular(places: list[int], count: int) -> bool:
    """Whether these are every so many of `count` evaluations, as a checkpoint now and then is.

    >>> _regular([1, 3, 5], 6), _regular([0, 1, 2], 6), _regular([0, 4, 8], 9)
    (True, False, True)
    """
    gaps = {after - before for before, after in itertools.pairwise(places)}
    if len(gaps) != 1:
        return False
    gap = gaps.pop()
    return places[0] <= gap and places[-1] + gap >= count
