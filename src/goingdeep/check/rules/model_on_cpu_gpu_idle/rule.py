"""The model trains on the processor, and a GPU of the machine is idle.

## What happens
After many steps every parameter that trains is on the CPU, and PyTorch could use an accelerator of this
machine. Usual ways there: `model.to(device)` was forgotten, or the program was written where there was
no accelerator, and says "cpu".

## Why it hurts
The training learns the same, and takes much longer: an accelerator does a step of all but small models
in a fraction of the time.

## How to fix it
    device = torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")
    model = model.to(device)  # before the optimizer is made
    ...
    x, y = x.to(device), y.to(device)

## When it is fine
Tests, small models (a step of fewer than 100,000 parameters is hardly faster on a GPU, and nothing is
said of it), a GPU that is left to others: `CUDA_VISIBLE_DEVICES=""` says so.

## Sources
YannDubs/disentangling-vae#57, DaRL-LibSignal/LibSignal#35.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from goingdeep.check.rule import Finding, NotSeen, Rule
from goingdeep.check.run import Run
from goingdeep.record.seen import Accelerators

RULE = Rule(
    "model-on-cpu-gpu-idle",
    "hint",
    needs=("forward", "step"),
    unproved="it costs time, and changes no number",
)

LEAST_PARAMETERS = 100_000
"""A step of a smaller model takes about as long as starting its kernels."""


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for the largest model that trains, where it could be on an accelerator."""
    trained = [run.models[number] for number in run.taught_by if number in run.models]
    if any(p.device != "cpu" for model in trained for p in model.parameters):
        return
    found = run.of(Accelerators)
    if not found:  # the watcher asks once a model has had its time to be moved
        raise NotSeen("too few steps, or no answer, to tell whether an accelerator is idle")
    idle = found[-1]
    sizes = {model.id: sum(math.prod(p.shape) for p in model.parameters) for model in trained}
    largest = max(trained, key=lambda model: sizes[model.id], default=None)
    if largest is None or not idle.count or sizes[largest.id] < LEAST_PARAMETERS:
        return
    yield RULE.found(
        "{steps} steps of {model} with all its {parameters} parameters on the CPU; the machine has "
        "{there:accelerator} ({device})",
        site=largest.site,
        step=idle.step,
        count=run.steps,
        fix=f'model.to("{idle.device}") before the optimizer is made, and .to("{idle.device}") for '
        "each batch",
        steps=run.steps,
        model=largest.class_name,
        parameters=sizes[largest.id],
        there=idle.count,
        device=idle.device,
    )
