"""A frozen BatchNorm keeps changing its running statistics.

## What happens
The parameters of a BatchNorm layer are frozen (`requires_grad_(False)`), but the layer is in
training mode: it normalises by the batch, and every forward moves `running_mean` and
`running_var`.

## Why it hurts
The part that was to stay as it was loaded does not: its statistics drift to the new data while
its weights do not follow. In evaluation it behaves like neither the old nor the trained model.

## How to fix it
Put the frozen part into evaluation mode after each `model.train()`:

    model.train()
    model.backbone.eval()

## When it is fine
Letting the statistics adapt to new data on purpose, with nothing else trained, and a slow copy of
the model that runs without gradients (its statistics are part of the method).

## Sources
kdexd/virtex#16, speedinghzl/Pytorch-Deeplab#17, ultralytics/ultralytics#8753.
"""

from __future__ import annotations

from collections.abc import Iterator

from goingdeep.check.rule import Finding, Rule
from goingdeep.check.run import Run
from goingdeep.record.seen import CallMode

RULE = Rule(
    "frozen-bn-drifts",
    "warning",
    needs=("forward", "step"),
    unproved="the statistics that were there before suit other data than these steps have",
)


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each trained model whose frozen BatchNorm layers moved."""
    by_model: dict[int, list[CallMode]] = {}
    for call in run.of(CallMode):
        moved = call.function == "batch_norm" and call.statistics and call.trainable is False
        if moved and call.grad and (call.model in run.taught_by or _frozen_beside(run, call.model)):
            by_model.setdefault(call.model, []).append(call)
    for number, calls in by_model.items():
        first = calls[0]
        model = run.models[number]
        layers = list(dict.fromkeys(call.module for call in calls))
        # Where nothing but these layers is frozen, their scale alone was meant to stay.
        frozen = [p for p in model.parameters if not p.trainable]
        yield RULE.found(
            "{layers:frozen BatchNorm layer} of {model} ({names}) got new running statistics in "
            "training",
            site=_switched(run, number, first.site),
            step=first.step,
            count=len(layers),
            fix="put the frozen part into eval() after each model.train()",
            layers=len(layers),
            model=model.class_name,
            names=", ".join(layers[:4]) + (" and more" if len(layers) > 4 else ""),
            frozen=len(frozen),
            ran_at=run.place(first.site),
        )


def _frozen_beside(run: Run, model: int) -> bool:
    """Whether a model is frozen as a whole, and runs in the steps that train another one."""
    known = run.models.get(model)
    if known is None or not known.parameters or any(p.trainable for p in known.parameters):
        return False
    return bool(run.taught_by) and any(
        op.op == "forward" and op.facts.get("model") == model and op.facts.get("training")
        for anatomy in run.anatomies
        for op in run.operations(anatomy)
    )


def _switched(run: Run, model: int, otherwise: int) -> int:
    """The user's line that puts the model into training mode, which eval() has to follow."""
    for anatomy in run.anatomies:
        for op in run.operations(anatomy):
            facts = op.facts
            if op.op == "mode" and facts.get("model") == model and facts.get("training"):
                site = run.site(op.site)
                if not facts.get("module") and site is not None and not site.via_file:
                    return op.site
    return otherwise
