"""Training goes on in evaluation mode.

## What happens
The model was switched to `eval()`, most often for a validation in between, and never back. From
then on updates are made with Dropout switched off and BatchNorm using its running statistics.

## Why it hurts
The first part of the training is regularised and the rest is not, although the code says it is.
Frozen BatchNorm statistics drift away from the weights that keep changing below them. Nothing
fails: the training loss even looks better.

## How to fix it
Say the mode where each phase begins, not once at the start:

    for epoch in range(epochs):
        model.train()
        for inputs, labels in train_loader:
            ...
        model.eval()
        ...

## When it is fine
Keeping only some layers in evaluation mode (frozen BatchNorm while fine-tuning) is usual: the
mode of the model itself counts. A model without Dropout and BatchNorm has no modes. A model that
never was in training mode, with all its parameters being trained, gives a warning instead:
libraries hand out loaded models in evaluation mode.

## Sources
ermongroup/ncsn#2, wkentaro/pytorch-fcn#57, joeynmt/joeynmt#184, webis-de/small-text#40,
asyml/texar-pytorch#310, ServiceNow/LCFCN#20.
"""

from __future__ import annotations

from collections.abc import Iterator

from goingdeep.check.proof import Remedy
from goingdeep.check.rule import Finding, Rule
from goingdeep.check.run import Run
from goingdeep.record.seen import Op

RULE = Rule(
    "train-in-eval-mode",
    "error",
    needs=("forward", "backward", "step"),
    silenced_by=("updates-on-eval-data",),
    remedy=Remedy(
        name="in training mode",
        train_mode=True,
        note="Dropout makes a training loss higher; what it is good for shows on other data",
    ),
)

LEAST_STEPS = 3

TRAINING, EVALUATION, OTHER = "training", "evaluation", ""


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each model that was updated in evaluation mode."""
    for model, optimizers in sorted(run.taught_by.items()):
        for optimizer in sorted(optimizers):
            finding = _judge(run, model, optimizer)
            if finding is not None:
                yield finding
                break


def _judge(run: Run, model: int, optimizer: int) -> Finding | None:
    stretches = run.by_optimizer.get(optimizer, [])
    modes = {way: mode_of(run.operations(way), model) for way in run.ways(optimizer)}
    trained = next((s.first for s in stretches if modes[s.anatomy] == TRAINING), None)
    streaks = [
        streak
        for streak in run.streaks(optimizer, {a for a, mode in modes.items() if mode == EVALUATION})
        if streak.count >= LEAST_STEPS and (trained is None or streak.first > trained)
    ]
    if not streaks or (trained is None and not _all_trained(run, model)):
        return None
    first = streaks[0]
    operations = run.operations(first.anatomy)
    if not run.ended and _waits(run, operations):
        return None
    begun = _begun(run, optimizer, operations, model)
    switched = _switch(run, model, first.first)
    return RULE.found(
        "{updates} of {steps} updates were made with {model} in evaluation mode, from step "
        "{first_step} on" + (", after training mode before" if trained is not None else ""),
        site=begun.site if begun is not None else -1,
        step=first.first,
        count=sum(streak.count for streak in streaks),
        fix="model.train()  # before this line, in every epoch",
        severity=None if trained is not None else "warning",
        updates=sum(streak.count for streak in streaks),
        steps=run.steps_of(optimizer),
        first_step=first.first,
        model=run.models[model].class_name,
        first_step_in_training_mode=trained,
        eval_called_at=run.place(switched.site) if switched is not None else None,
    )


def _waits(run: Run, operations: tuple[Op, ...]) -> bool:
    """Whether the first pass over this loader goes on: what the loader is for shows at its end."""
    loaders = {op.facts.get("loader") for op in operations if op.op == "batch"}
    return bool(loaders) and not any(walk.loader in loaders for walk in run.passes)


def _begun(run: Run, optimizer: int, operations: tuple[Op, ...], model: int) -> Op | None:
    """Where the batch was taken that the model was trained on; its forward under a framework."""
    forward = next(
        (
            op
            for op in operations
            if op.op == "forward" and op.facts.get("model") == model and op.facts.get("grad")
        ),
        None,
    )
    if forward is None:
        return None
    # In the step after a validation the batch was taken before it, in an operation of its own.
    for way in run.ways(optimizer):
        for op in run.operations(way):
            if op.op == "batch" and op.facts.get("loader") == forward.facts.get("batch_of"):
                site = run.site(op.site)
                return op if site is not None and not site.via_file else forward
    return forward


def mode_of(operations: tuple[Op, ...], model: int) -> str:
    """In which mode a step used a model: that of its forwards whose graph could be trained on.

    A forward in evaluation mode beside one in training mode (a teacher, an attack on the inputs) is
    no mistake.
    """
    modes = {
        (op.facts.get("training"), op.facts.get("sensitive"))
        for op in operations
        if op.op == "forward" and op.facts.get("model") == model and op.facts.get("grad")
    }
    if any(training for training, _ in modes):
        return TRAINING
    if modes and all(sensitive == "evaluation" for _, sensitive in modes):
        return EVALUATION
    return OTHER


def _all_trained(run: Run, model: int) -> bool:
    """Whether nothing of the model is frozen: else evaluation mode may be meant for that part."""
    known = run.models[model]
    return all(
        parameter.trainable and run.owners.get((model, parameter.name))
        for parameter in known.parameters
    )


def _switch(run: Run, model: int, step: int) -> Op | None:
    """The call of eval() before a step."""
    found = None
    for stretch in run.stretches:
        if stretch.first > step:
            break
        for op in run.operations(stretch.anatomy):
            facts = op.facts
            if op.op != "mode" or facts.get("model") != model or facts.get("module"):
                continue  # only what switched the whole model
            if not facts.get("training"):
                found = op
    return found
