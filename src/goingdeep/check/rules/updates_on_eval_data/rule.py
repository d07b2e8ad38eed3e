"""The optimizer steps on evaluation data.

## What happens
A pass over a validation or test loader was followed by backward and `step`: the evaluation
trains. It is told from the facts: the model was in evaluation mode for this loader and in
training mode for another one, the dataset itself says that it is the test part, or the same
loader is evaluated, too.

## Why it hurts
The held-out data is no longer held out. Scores on it rise whatever the model learned from the
training data, and the model that is kept was fitted to them.

## How to fix it
Leave backward and step out of the evaluation, and switch gradients off so that they would fail:

    model.eval()
    with torch.no_grad():
        for inputs, labels in val_loader:
            loss = criterion(model(inputs), labels)

## When it is fine
Training on several loaders, as long as none of them is evaluated; architecture search that trains
its own parameters on the validation part in training mode; adapting to test data on purpose.

## Sources
mnielLab/NetTCR-2.0#3, piiswrong/dec#31; choosing by the test set, which is the same leak in small:
galsang/CNN-sentence-classification-pytorch#1.
"""

from __future__ import annotations

from collections.abc import Iterator

from goingdeep.check.rule import Finding, Rule, Severity
from goingdeep.check.run import Run
from goingdeep.record.seen import Pass

RULE = Rule(
    "updates-on-eval-data",
    "error",
    needs=("training",),
    unproved="the same steps on other data would be right, and only another evaluation shows it",
)

LEAST_STEPS = 3

MOST_LOADERS = 64
FIRST_PASSES = 8
"""Bounds: a loader may be made anew for every epoch."""


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each loader that is for evaluation and is trained on."""
    by_loader: dict[int, list[Pass]] = {}
    for walk in run.passes_of("training"):
        if walk.loader in by_loader or len(by_loader) < MOST_LOADERS:
            by_loader.setdefault(walk.loader, []).append(walk)
    for number, mine in by_loader.items():
        # How another loader trains shows in its first passes.
        others = [
            walk
            for other, walks in by_loader.items()
            if other != number
            for walk in walks[:FIRST_PASSES]
            if _same_model(walk, mine[0])
        ]
        steps = sum(walk.steps for walk in mine)
        if number not in run.loaders or steps < LEAST_STEPS:
            continue
        why, severity = _evidence(run, number, mine, others)
        if why:
            yield RULE.found(
                "{updates} updates were made on this loader, although " + why,
                site=mine[0].site,
                step=mine[0].first_step,
                count=steps,
                severity=severity,
                fix="no backward() and step() here: model.eval(), torch.no_grad(), score only",
                updates=steps,
                passes=len(mine),
                dataset=run.loaders[number].dataset.class_name,
                trained_at=run.place(others[0].site) if others else None,
            )


def _same_model(one: Pass, other: Pass) -> bool:
    return bool(set(one.models) & set(other.models))


def _evidence(
    run: Run, number: int, mine: list[Pass], others: list[Pass]
) -> tuple[str, Severity | None]:
    """Why a loader is one for evaluation, and how certain that is; ("", None) without reason."""
    data = run.loaders[number].dataset
    elsewhere = [run.loaders[walk.loader].dataset for walk in others if walk.loader in run.loaders]
    if data.train is False:
        told = any(other.train for other in elsewhere)
        return "{dataset} says that it is the test part (train=False)", None if told else "warning"
    in_eval_mode = all(walk.training_mode == 0 for walk in mine)
    trained_elsewhere = any(walk.training_mode == walk.forwards for walk in others)
    if in_eval_mode and trained_elsewhere and _has_modes(run, mine[0]):
        return "the model is in evaluation mode for it and in training mode for another", None
    evaluated = [w for w in run.passes_of("evaluation") if w.loader == number]
    first = min((walk.step for walk in evaluated), default=0)
    if (
        evaluated
        and any(walk.first_step <= first for walk in others)
        and mine[0].first_step > first
        and all(other.id != data.id for other in elsewhere)
    ):
        return "it was evaluated before, and another loader trained", "warning"
    return "", None


def _has_modes(run: Run, walk: Pass) -> bool:
    """Whether somebody called train() or eval(): else the mode says nothing."""
    return any(
        op.op == "mode" for anatomy in run.anatomies for op in run.operations(anatomy)
    ) or any(
        part.sensitive
        for number in walk.models
        if (model := run.models.get(number)) is not None
        for part in model.parts
    )
