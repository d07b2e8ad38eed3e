"""Freezing hit too much: nothing that the optimizer owns can learn, or only norms can.

## What happens
Of the parameters that the optimizer owns none asks for a gradient, or only the scales and shifts of
normalisation layers do, and the training goes on. Usual ways there: a loop that freezes by name and
matches every name, or freezing after the new head was put on.

## Why it hurts
The steps are done, the schedule runs, the loss moves with the batches, and no weight learns what it
should; with BatchNorm even the scores move a little, which looks like slow learning.

## How to fix it
Freeze first, then replace the head, and print what is left:

    for parameter in model.parameters():
        parameter.requires_grad = False
    model.head = nn.Linear(features, classes)
    print([name for name, p in model.named_parameters() if p.requires_grad])

## When it is fine
Training a new head on frozen layers. Freezing a model when it has been trained. Tuning only the norms
on purpose: then the optimizer is given just these, and there is a hint only.

## Sources
nttcslab/byol-a#7; the case pytorch-forum-84911 in the data of TrainCheck
(https://github.com/OrderLab/TrainCheck).
"""

from __future__ import annotations

from collections.abc import Iterator

from goingdeep.check.parameters import with_gradient
from goingdeep.check.proof import Remedy
from goingdeep.check.rule import Finding, Rule
from goingdeep.check.run import Run, gradient_state
from goingdeep.record.seen import Model, Parameter

RULE = Rule(
    "nothing-trainable",
    "error",
    needs=("step", "optimizer", "forward"),
    remedy=Remedy(name="with every parameter free to learn", unfreeze=True, adopt=True),
)

LEAST_STEPS = 3
WRITTEN = ("fresh", "summed", "mixed")
"""States of gradients that a backward has just written: what wrote them could learn."""

NORMS = ("BatchNorm", "LayerNorm", "GroupNorm", "InstanceNorm", "RMSNorm")
"""Parts of class names; the layers of most libraries carry one of them."""


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each optimizer that owns nothing, or only norms, that can learn."""
    for number, optimizer in run.optimizers.items():
        if optimizer.by_hand or run.steps_of(number) < LEAST_STEPS:
            continue
        if any(group.unknown for group in optimizer.groups):
            continue  # tensors of no model may be what is trained
        owned = list(_owned(run, number))
        free = [(model, p) for model, p in owned if p.trainable]
        if not owned or any(not _is_norm(model, p.name) for model, p in free):
            continue
        if _learned_before(run, number):
            continue  # it was frozen when it had been trained: a teacher, an encoder
        frozen = len(owned) - len(free)
        if free and not _learns_otherwise(owned):
            continue  # a model of nothing but norms
        if not free:
            message = "{steps} steps of {optimizer}: none of its {owned} parameters can learn"
        elif frozen:
            message = (
                "{steps} steps of {optimizer}: of its {owned} parameters only {free} can learn, all of "
                "them in normalisation layers"
            )
        else:
            message = "{steps} steps of {optimizer} train normalisation layers only"
        yield RULE.found(
            message,
            site=optimizer.site,
            step=1,
            count=run.steps_of(number),
            severity="error" if frozen else "hint",
            fix="freeze first, then put on the new layers; print the names that are left",
            steps=run.steps_of(number),
            optimizer=optimizer.class_name,
            owned=len(owned),
            free=len(free) or None,
            examples=tuple(p.name for _, p in free[:4]) or None,
        )


def _learned_before(run: Run, number: int) -> bool:
    """Whether parameters of an optimizer that are frozen by now had gradients in its steps."""
    known = {(model.id, p.name) for model, p in _owned(run, number) if not p.trainable}
    norms = any(p.trainable for _, p in _owned(run, number))
    if norms:
        return not known.isdisjoint(with_gradient(run))
    return any(
        gradient_state(step, number) in WRITTEN
        for way in run.ways(number)
        if (step := run.last_op(way, "step")) is not None
    )


def _owned(run: Run, number: int) -> Iterator[tuple[Model, Parameter]]:
    for group in run.optimizers[number].groups:
        for place, indices in group.owns.items():
            model = run.models.get(place)
            for index in indices:
                if model is not None and 0 <= index < len(model.parameters):
                    yield model, model.parameters[index]


def _is_norm(model: Model, name: str) -> bool:
    inside = name.rpartition(".")[0]
    part = next((part for part in model.parts if part.name == inside), None)
    return part is not None and any(norm in part.class_name for norm in NORMS)


def _learns_otherwise(owned: list[tuple[Model, Parameter]]) -> bool:
    return any(
        not _is_norm(model, parameter.name) for model, _ in owned for parameter in model.parameters
    )
