"""The graph is cut: a part of the model never gets a gradient.

## What happens
Layers ran, their output was used, and the backward of the loss never came back to them. Something
between them and the loss took the numbers out of the graph: `.detach()`, `.data`, `.item()`,
`torch.tensor(...)`, a trip through NumPy, or `torch.no_grad()` around them.

## Why it hurts
Everything before the cut keeps its first, random values while an optimizer believes that it
trains it. The layers behind the cut learn what they can from random features, so the loss falls.

## How to fix it
Leave out the `.detach()` (or what stands for it) between the two layers; where a part is meant to
stay fixed, say so, and leave it out of the optimizer:

    for parameter in model.encoder.parameters():
        parameter.requires_grad_(False)

## When it is fine
Frozen parameters, parameters that no optimizer owns (a target network), branches whose output is
not used, and detaching between parts that each have a loss of their own.

## Sources
lucidrains/CoCa-pytorch#6, huggingface/torchMoji#21, guopengf/FL-MRCM#10.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from goingdeep.check.parameters import children, gradients_at, listed, trainable
from goingdeep.check.rule import Finding, NotSeen, Rule
from goingdeep.check.run import LookBackward, LookBatch, LookCall, Run
from goingdeep.record.look import Values

RULE = Rule(
    "graph-cut",
    "error",
    needs=("forward", "backward", "step", "optimizer", "look"),
    silenced_by=("loss-rewrapped", "stale-optimizer", "ga-cleared-early"),
)

LEAST_LOOKS = 3


@dataclass(frozen=True)
class Cut:
    """Where the graph was cut in one step: between the calls of two modules."""

    before: LookCall
    after: LookCall
    unreached: tuple[str, ...]


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each model that trains only what stands behind a cut."""
    tracked = False
    for number, model in run.models.items():
        owned = {p.name for p in trainable(model) if run.owners.get((number, p.name))}
        for optimizer in sorted(run.taught_by.get(number, ())):
            looks = [look.step for look, _ in run.looked_at(optimizer)]
            mine = {name for name in owned if optimizer in run.owners[number, name]}
            cuts = [_cut(run, step, number, mine) for step in looks]
            tracked = tracked or any(_is_tracked(run, step) for step in looks)
            if len(looks) < LEAST_LOOKS or not all(cuts):
                continue
            # A part that is reached in some steps (a task of its own) is not cut off.
            always = set.intersection(*(set(cut.unreached) for cut in cuts if cut is not None))
            first = cuts[0]
            if always and first is not None:
                yield _finding(run, model.class_name, first, sorted(always), len(looks), looks[0])
                break
    if run.looks and not tracked:
        raise NotSeen("which tensors autograd follows was not looked at")


def _is_tracked(run: Run, step: int) -> bool:
    return any(
        value.tracked is not None
        for call in run.looks[step].of(LookCall)
        for value in (*call.inputs, *call.outputs)
    )


def _cut(run: Run, step: int, model: int, owned: set[str]) -> Cut | None:
    """The cut in a step that was looked at, if it has one.

    A module that was reached took something that autograd does not follow and that is not the
    batch; before it a module ran whose parameters were not reached.
    """
    look = run.looks[step]
    if not look.of(LookBackward):
        return None
    reached = {name for place, name in gradients_at(run, step) if place == model}
    unreached = owned - reached
    if not unreached or not reached:
        return None
    given = [value for batch in look.of(LookBatch) for value in batch.tensors]
    calls = look.of(LookCall)
    given += [value for call in calls if call.depth == 0 for value in call.inputs]
    before: LookCall | None = None
    for call in sorted(_leaves(calls), key=lambda call: call.index):
        if call.model != model:
            continue
        own = {name for name in owned if name.rpartition(".")[0] == call.module}
        if own and own <= unreached:
            before = call
        elif own & reached and before is not None and call.inputs:
            first = call.inputs[0]
            if first.tracked is False and not any(_same(first, value) for value in given):
                behind = tuple(sorted(unreached & _ran_until(calls, owned, call)))
                return Cut(before, call, behind) if behind else None
    return None


def _leaves(calls: list[LookCall]) -> list[LookCall]:
    """Calls of modules that hold parameters of their own, in one forward or more."""
    return [call for call in calls if call.parameters or call.depth > 0]


def _ran_until(calls: list[LookCall], owned: set[str], last: LookCall) -> set[str]:
    """Parameters of the modules that ran before a call."""
    ran = {call.module for call in calls if call.index < last.index and call.model == last.model}
    return {name for name in owned if name.rpartition(".")[0] in ran}


def _same(one: Values, other: Values) -> bool:
    """Whether two tensors look like the same numbers, in whatever shape."""
    if one.low is None or other.low is None:
        return one.shape == other.shape
    return (one.low, one.high, one.mean) == (other.low, other.high, other.mean)


def _finding(
    run: Run, model: str, cut: Cut, unreached: list[str], looks: int, step: int
) -> Finding:
    return RULE.found(
        "{tensors} parameters of {model} ({names}) never get a gradient: between {before} and "
        "{after} the graph is cut",
        site=cut.after.site if cut.after.site >= 0 else _forward_site(run, step, cut.after.model),
        step=step,
        count=looks,
        fix="take out .detach(), .data, .item(), NumPy or no_grad() between these two modules",
        tensors=len(unreached),
        model=model,
        names=listed(children(unreached)),
        before=cut.before.module or cut.before.class_name,
        after=cut.after.module or cut.after.class_name,
        examples=tuple(unreached[:8]),
        looks=looks,
        ran_before_at=run.place(cut.before.site),
    )


def _forward_site(run: Run, step: int, model: int) -> int:
    """The line that called the model in a step."""
    for stretch in run.at(step):
        for op in run.operations(stretch.anatomy):
            if op.op == "forward" and op.facts.get("model") == model:
                return op.site
    return -1
