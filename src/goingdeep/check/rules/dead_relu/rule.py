"""Most units of a layer are dead: their ReLU gives zero for every sample.

## What happens
At the steps that were looked at, most units behind a ReLU gave 0 for all samples of the batch.

## Why it hurts
A ReLU that gives 0 passes no gradient back, so a unit that is 0 for all samples is never trained
again: the layer is as narrow as what is left of it, and if nothing is left nothing in front of it
learns.

## How to fix it
Usually one step was too large, or a bias or an input is far off: a smaller learning rate with a
warm-up, inputs around 0, `nn.init.kaiming_normal_`; or an activation that lets some of the negative
side through:

    nn.LeakyReLU(0.01)

## When it is fine
Layers that are meant to be sparse. Below 90 % there is a hint only.

## Sources
jvargasmu/population_estimation#68, keras-team/keras#7057.
"""

from __future__ import annotations

from collections.abc import Iterator

from goingdeep.check.layers import calls
from goingdeep.check.proof import Remedy
from goingdeep.check.rule import Finding, NotSeen, Rule, Severity
from goingdeep.check.run import LookCall, Run

RULE = Rule(
    "dead-relu",
    "warning",
    needs=("look", "step"),
    silenced_by=("nan-loss",),
    remedy=Remedy(name="with LeakyReLU in place of ReLU", swap={"ReLU": "LeakyReLU"}),
)

MANY, MOST = 0.5, 0.9
LEAST_LOOKS = 3
SETTLED = 8
"""From this step on: units may die, and come back, in the first ones."""


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each layer most of whose units stayed silent."""
    silent: dict[tuple[int, str], list[tuple[LookCall, float]]] = {}
    for step in sorted(run.looks):
        if step < SETTLED:
            continue
        for call in calls(run, step):
            share = call.facts.get("silent")
            if isinstance(share, int | float):
                silent.setdefault((call.model, call.module), []).append((call, float(share)))
    if not any(len(seen) >= LEAST_LOOKS for seen in silent.values()):
        raise NotSeen("no units behind a ReLU were looked at often enough")
    dead: set[int] = set()
    for (model, name), seen in silent.items():
        least = min(share for _, share in seen)
        # Behind a dead layer the others see nothing, either.
        if len(seen) < LEAST_LOOKS or least < MANY or model in dead:
            continue
        dead.add(model)
        first = seen[0][0]
        severity: Severity | None = None if least >= MOST else "hint"
        yield RULE.found(
            "in {looks} steps that were looked at at least {share} % of the units that go into {layer} "
            "were zero for the whole batch",
            site=first.site,
            step=first.look,
            count=len(seen),
            severity=severity,
            fix="a smaller learning rate, inputs around zero, or nn.LeakyReLU(0.01)",
            looks=len(seen),
            share=round(100 * least, 1),
            layer=f"{name} ({first.class_name})" if name else first.class_name,
            given=first.inputs[0].shape if first.inputs else None,
        )
