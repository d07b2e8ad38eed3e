"""The loss is not a number, and the training goes on.

## What happens
The loss of a step was NaN or infinite, and the optimizer used its gradients.

## Why it hurts
Gradients of NaN are NaN, and one step writes them into every weight: from then on the model answers
NaN, and no later batch mends it.

## How to fix it
Go to the first thing that was not finite, which the finding names: values in the data, a logarithm or
root of 0, a division by 0, a learning rate that is far too high. To stop at the line that makes it:

    torch.autograd.set_detect_anomaly(True)

## When it is fine
A GradScaler that meets infinite gradients, skips the step and lowers its scale. A search for the
learning rate that ends by diverging and sets the weights back.

## Sources
prs-eth/Marigold#111 (NaN in the data), yym6472/ms_pointer_network#1 (a logarithm of zero),
etzinis/sudo_rm_rf#1.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from goingdeep.check.rule import Finding, Rule
from goingdeep.check.run import (
    Look,
    LookBackward,
    LookBatch,
    LookCall,
    LookEvent,
    LookLoss,
    LookStep,
    Run,
)
from goingdeep.record.look import Values

RULE = Rule(
    "nan-loss",
    "error",
    needs=("look", "backward", "step"),
    unproved="what makes the first number that is not finite is another thing each time",
)

LEAST_STEPS = 3
"""Steps from the first such loss to the last, to say that it stayed."""


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for the first step that used a loss that is not finite."""
    used = {
        step: value for step in sorted(run.looks) if (value := _used(run.looks[step])) is not None
    }
    first = next((step for step, value in used.items() if isinstance(value, str)), 0)
    if not first:
        return
    after = [step for step in used if step > first]
    recovered = any(not isinstance(used[step], str) for step in after)
    stayed = bool(after) and after[-1] - first + 1 >= LEAST_STEPS
    kind, what, site = _origin(run.looks[first])
    yield RULE.found(
        "the loss of step {at} was {value}, and the step was done"
        + ("; first not finite: {origin}" if what else ""),
        site=site,
        step=first,
        count=max(1, _count(run, first)),
        severity="hint" if recovered else None if stayed else "warning",
        fix=FIXES[kind],
        at=first,
        value=used[first],
        origin=what or None,
    )


FIXES = {
    "unknown": "torch.autograd.set_detect_anomaly(True)  # stops at the line that makes it",
    "data": "leave such samples out, or torch.nan_to_num(inputs), where they are read",
    "module": "look into this layer: a logarithm, root or division of zero, or weights that are NaN",
    "loss": "keep what goes into logarithms and divisions above zero: x.clamp(min=1e-8)",
}


def _used(look: Look) -> float | str | None:
    """The loss that a step used; text where it is not finite, None where it is not known.

    A loss that a GradScaler has scaled up may overflow in `backward`: what counts is the loss itself.
    """
    value: float | str | None = None
    seen = False
    for part in look.training:
        if isinstance(part, LookLoss):
            value, seen = part.value, True
        elif isinstance(part, LookBackward) and not seen:
            value = part.value
        elif isinstance(part, LookStep):
            return value
    return None


def _origin(look: Look) -> tuple[str, str, int]:
    """Kind, words and line of the first thing in a step that is not finite.

    A step that was only looked at from its backward on does not show it.
    """
    site = -1
    for part in look.training:
        found = _seen_in(part)
        if found is not None:
            return (*found, part.site)
        if isinstance(part, LookLoss) or (isinstance(part, LookBackward) and site < 0):
            site = part.site
    return "unknown", "", site


def _seen_in(part: LookEvent) -> tuple[str, str] | None:
    if isinstance(part, LookBatch) and any(map(_bad, part.tensors)):
        return "data", "the batch"
    if isinstance(part, LookCall) and any(map(_bad, part.outputs)):
        name = f"{part.module} ({part.class_name})" if part.module else part.class_name
        before = any(map(_bad, part.inputs))
        return ("data", f"the input of {name}") if before else ("module", f"the output of {name}")
    if isinstance(part, LookLoss):
        if part.target is not None and _bad(part.target):
            return "data", f"the target of {part.function}"
        if part.input is not None and _bad(part.input):
            return "loss", f"the input of {part.function}"
        if isinstance(part.value, str):
            return "loss", f"the value of {part.function}"
    return None


def _bad(values: Values) -> bool:
    return values.non_finite > 0


def _count(run: Run, first: int) -> int:
    table = run.curve("loss").table()
    return int(sum(row[1] for row in table if row[0] >= first and not math.isfinite(row[3])))
