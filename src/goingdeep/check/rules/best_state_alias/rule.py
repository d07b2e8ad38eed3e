"""The best weights were kept without a copy, and are the last ones.

## What happens
`best = model.state_dict()` copies nothing: its tensors are the model's own memory. Every later
step changed them, too. What was loaded back or saved at the end is the newest state, not the best
one.

## Why it hurts
The model that is reported and saved is the last one, whatever the validation said. Early stopping
and choosing the best epoch do nothing, without a sign of it.

## How to fix it
    best = copy.deepcopy(model.state_dict())

or save to a file at that moment, and load the file.

## When it is fine
Saving or loading a state dict at once, before the next step, needs no copy. A state dict that
nobody uses later does no harm.

## Sources
pytorch/tutorials#188, WenjieDu/PyPOTS#667, thunlp/OpenKE#131,
sicara/easy-few-shot-learning#129, THGLab/LP-PDBBind#1.
"""

from __future__ import annotations

from collections.abc import Iterator

from goingdeep.check.rule import Finding, Rule
from goingdeep.check.run import Run
from goingdeep.record.seen import StateKept

RULE = Rule(
    "best-state-alias",
    "error",
    needs=("step",),
    unproved="the steps are right: what is kept of them is wrong",
)

USES = {"loaded": "loaded back", "saved": "saved"}


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each line that kept a state dict which was used after it had changed."""
    by_site: dict[int, list[StateKept]] = {}
    for kept in run.of(StateKept):
        if kept.used and kept.step > kept.taken:
            by_site.setdefault(kept.site, []).append(kept)
    for site, uses in by_site.items():
        first = uses[0]
        model = run.models.get(first.model)
        yield RULE.found(
            "the state of {model} taken at step {taken} was {used} after step {used_at}, and had "
            "changed with the model: {tensors} tensors are the same memory",
            site=site,
            step=first.taken,
            count=len(uses),
            fix="copy.deepcopy(model.state_dict())",
            model=model.class_name if model is not None else "the model",
            taken=first.taken,
            used=USES.get(first.used, first.used),
            used_at=first.step,
            tensors=first.tensors,
            used_in=run.place(first.use_site),
        )
