"""Training and evaluation scale their inputs differently.

## What happens
The inputs of the training loader and of the evaluation loader are of different scales: raw pixels
against 0 to 1, or 0 to 1 against normalised values around 0.

## Why it hurts
The model is evaluated on inputs that it has never seen the like of, so the score says little about
the model, and the deployed model that gets the inputs of the training is better than its score, or the
other way round.

## How to fix it
One list of transforms for both, with the random ones in front for training only:

    normalise = [v2.ToDtype(torch.float32, scale=True), v2.Normalize(mean, std)]
    train_transform = v2.Compose([v2.RandomHorizontalFlip(), *normalise])
    test_transform = v2.Compose(normalise)

## When it is fine
Data that is different by nature (another camera, another site) still is of one scale; that raises no
warning.

## Sources
PolymathicAI/the_well#68, jchen42703/kits19-cnn#22.
"""

from __future__ import annotations

from collections.abc import Iterator

from goingdeep.check.rule import Finding, Rule
from goingdeep.check.run import Run
from goingdeep.record.seen import Inputs, Pass

RULE = Rule(
    "train-eval-preprocess-mismatch",
    "warning",
    needs=("training", "evaluation"),
    unproved="the training's steps are what they should be: what the evaluation says is wrong",
)

RAW = 128
"""Raw pixels: whole numbers of which some are beyond this."""

BELOW = -0.5
"""Normalised images go well below 0; those from 0 to 1 never do."""

LEAST_VALUES = 16
"""In a sample: fewer are columns of a table, each of which may be of any scale."""


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each evaluation whose inputs are of another scale than the training's."""
    pairs = set()
    for walk in run.passes_of("evaluation"):
        trained = _trained(run, walk)
        if trained is None or (walk.loader, trained.loader) in pairs:
            continue
        pairs.add((walk.loader, trained.loader))
        mine, theirs = walk.inputs, trained.inputs
        if mine is None or theirs is None or not _comparable(mine, theirs):
            continue
        one, other = _scale(mine), _scale(theirs)
        if one and other and one != other:
            yield RULE.found(
                "evaluation inputs are {evaluated} (from {low} to {high}), training inputs are "
                "{trained} (from {train_low} to {train_high})",
                site=run.loader_site(walk.loader, walk),
                step=walk.step,
                fix="the same scaling for both loaders",
                evaluated=one,
                low=mine.low,
                high=mine.high,
                mean=mine.mean,
                std=mine.std,
                trained=other,
                train_low=theirs.low,
                train_high=theirs.high,
                train_mean=theirs.mean,
                train_std=theirs.std,
                training_loader=run.place(run.loader_site(trained.loader, trained)),
            )


def _trained(run: Run, walk: Pass) -> Pass | None:
    """The first pass that trained the same model, by another loader."""
    for trained in run.passes_of("training"):
        if set(trained.models) & set(walk.models) and trained.loader != walk.loader:
            return trained
    return None


def _comparable(one: Inputs, other: Inputs) -> bool:
    values = 1
    for length in one.shape[1:]:
        values *= length
    floats = "float" in one.dtype and "float" in other.dtype
    return floats and len(one.shape) == len(other.shape) == 4 and values >= LEAST_VALUES


def _scale(inputs: Inputs) -> str:
    """How images are scaled; "" where that is not plain."""
    if inputs.std <= 0:
        return ""
    if inputs.whole and inputs.low >= 0 and RAW <= inputs.high <= 2 * RAW:
        return "raw pixels"
    if inputs.low >= 0 and 0.5 <= inputs.high <= 1:
        return "from zero to one"
    return "normalised" if inputs.low < BELOW and inputs.std > -BELOW else ""
