"""The evaluation leaves samples out: its loader drops the last batch.

## What happens
A loader with `drop_last=True` was walked to evaluate. What does not fill a batch is not evaluated.

## Why it hurts
The score is of fewer samples than it claims, always without the same ones if the order is fixed, and
it changes with the batch size: two models evaluated with different batch sizes are not compared on
the same data.

## How to fix it
    DataLoader(test_set, batch_size=64, drop_last=False)

## When it is fine
Measuring speed, where every batch must have one size.

## Sources
thuml/Autoformer#104, yuqinie98/PatchTST#7, thuml/Nonstationary_Transformers#26,
zhouziyu02/SDformer#4, kwuking/TimeMixer#64.
"""

from __future__ import annotations

from collections.abc import Iterator

from goingdeep.check.rule import Finding, Rule
from goingdeep.check.run import Run

RULE = Rule(
    "eval-drop-last",
    "warning",
    needs=("evaluation",),
    unproved="the training's steps are what they should be: what the evaluation says is wrong",
)

LEAST_SHARE = 0.005
"""Of the samples: below it no score moves by what anybody prints."""


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each evaluation loader that dropped samples."""
    trained = {walk.loader for walk in run.passes_of("training")}
    walks = [walk for walk in run.passes_of("evaluation") if walk.complete]
    for number in dict.fromkeys(walk.loader for walk in walks):
        loader = run.loaders.get(number)
        if loader is None or not loader.drop_last or not loader.drops or number in trained:
            continue
        mine = [walk for walk in walks if walk.loader == number]
        samples = mine[0].samples + loader.drops
        share = loader.drops / samples
        yield RULE.found(
            "{drops} of {samples} samples ({share} %) are left out of this evaluation",
            site=run.loader_site(number, mine[0]),
            step=mine[0].step,
            count=len(mine),
            severity=None if share >= LEAST_SHARE else "hint",
            fix="drop_last=False",
            drops=loader.drops,
            samples=samples,
            share=round(100 * share, 1),
            batch_size=loader.batch_size,
            evaluated_at=run.place(mine[0].site),
        )
