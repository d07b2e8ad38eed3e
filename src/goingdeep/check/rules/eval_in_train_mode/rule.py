"""Evaluation data goes through the model while it is in training mode.

## What happens
A whole pass over data that no training step used ran with Dropout dropping or BatchNorm
normalising by the batch, because nobody called `model.eval()`.

## Why it hurts
The scores are those of another, noisier model: with Dropout part of each layer is missing, and
with BatchNorm the answer for a sample depends on which others share its batch. BatchNorm also
takes the evaluation data into its running statistics, so the data that should only be looked at
changes the model.

## How to fix it
    model.eval()
    with torch.no_grad():
        for inputs, labels in test_loader:
            ...
    model.train()

`torch.no_grad()` alone does not change the mode.

## When it is fine
A model without Dropout and BatchNorm has no modes, and nothing is said. Nor where the same batch
is run several times (averaging over Dropout on purpose), where the pass is over the training data
(BatchNorm being calibrated again), or where only some layers were set to training mode by hand.

## Sources
wolny/pytorch-3dunet#53, pliang279/MultiBench#26, udacity/deep-learning-v2-pytorch#3. The minGPT example
in pytorch/examples evaluates with Dropout on; it is number 2 on Andrej Karpathy's list of common
mistakes (which https://karpathy.github.io/2019/04/25/recipe/ links to).
"""

from __future__ import annotations

from collections.abc import Iterator

from goingdeep.check.proof import Remedy
from goingdeep.check.rule import Finding, Rule
from goingdeep.check.run import Run
from goingdeep.record.seen import CallMode, Pass

RULE = Rule(
    "eval-in-train-mode",
    "error",
    needs=("evaluation",),
    remedy=Remedy(name="in evaluation mode", measure="all samples", training_mode=True),
)

LEAST_FORWARDS = 3
"""Over all passes of one loader: fewer may be a look at some samples."""

REPEATS_ON_PURPOSE = 4
"""Forwards for one batch from which on Dropout is being averaged over (usually 10 to 100)."""


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each loader whose evaluation ran layers as in training."""
    numbers = {walk.loader for walk in run.passes_of("training")}
    trained = {
        (loader.dataset.root, loader.dataset.indices)
        for number, loader in run.loaders.items()
        if number in numbers
    }
    by_loader: dict[int, list[Pass]] = {}
    for walk in run.passes_of("evaluation"):
        by_loader.setdefault(walk.loader, []).append(walk)
    for number, walks in by_loader.items():
        wrong = [walk for walk in walks if _ran_as_in_training(walk)]
        forwards = sum(walk.sensitive_training for walk in wrong)
        loader = run.loaders.get(number)
        if forwards < LEAST_FORWARDS or (
            loader is not None and (loader.dataset.root, loader.dataset.indices) in trained
        ):
            continue
        first = wrong[0]
        layers = _layers(run, first)
        yield RULE.found(
            "{passes} of {all_passes} passes over evaluation data ran {layers} as in training: "
            "{forwards} forwards",
            site=first.site,
            step=first.step,
            count=len(wrong),
            fix="model.eval()  # before this loop, and model.train() after it",
            # Without labels or a loss nobody may be reading a score off it.
            severity=None if any(walk.losses or walk.labels for walk in wrong) else "warning",
            passes=len(wrong),
            all_passes=len(walks),
            layers=layers,
            forwards=forwards,
            samples=sum(walk.samples for walk in wrong),
            loss=first.loss,
        )


def _ran_as_in_training(walk: Pass) -> bool:
    return (
        walk.training_mode > 0
        and walk.sensitive_training > 0
        # One batch that was looked at is no evaluation; a pass may end early, though.
        and 2 * walk.sensitive_training >= walk.forwards
        and walk.forwards < REPEATS_ON_PURPOSE * max(1, walk.batches)
    )


FUNCTIONAL = {
    "batch_norm": "functional BatchNorm",
    "scaled_dot_product_attention": "the Dropout of an attention",
}


def _layers(run: Run, walk: Pass) -> str:
    """What differs between the modes in the models of a pass: "2 Dropout and 1 BatchNorm"."""
    names = {"dropout": "Dropout", "batch-norm": "BatchNorm"}
    kinds = {
        part.sensitive
        for number in walk.models
        if (model := run.models.get(number)) is not None
        for part in model.parts
        if part.sensitive
    }
    for call in run.of(CallMode):
        if not kinds and call.training and call.root_training:
            return FUNCTIONAL.get(call.function, "functional Dropout")
    words = [names.get(kind, kind) for kind in sorted(kinds, reverse=True)]
    return " and ".join(words) or "layers"
