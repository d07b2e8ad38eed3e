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
lucidrains/CoCa-pytorch#6, guopengf/FL-MRCM#10, bboylyg/NAD#8.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from goingdeep.check.parameters import Name, children, gradients_at, listed, trainable
from goingdeep.check.rule import Finding, NotSeen, Rule
from goingdeep.check.run import LookBatch, LookCall, Run
from goingdeep.record.look import Values

RULE = Rule(
    "graph-cut",
    "error",
    needs=("forward", "backward", "step", "optimizer", "look"),
    silenced_by=("loss-rewrapped", "stale-optimizer", "ga-cleared-early"),
    unproved="it happens inside of the program's own forward, which a replay runs as it is",
)

LEAST_LOOKS = 3


@dataclass(frozen=True)
class Cut:
    """Where the graph was cut in one step: between the calls of two modules."""

    before: LookCall
    after: LookCall
    unreached: frozenset[Name]


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each optimizer that trains only what stands behind a cut."""
    tracked = False
    for number, optimizer in run.optimizers.items():
        owned = {name for name, owners in run.owners.items() if number in owners}
        owned &= _trainable(run)
        known = _known_since(run, owned)
        looks = [look.step for look, _ in run.looked_at(number) if look.step > known]
        tracked = tracked or any(_is_tracked(run, step) for step in looks)
        cuts = [_cut(run, step, owned) for step in looks]
        if optimizer.by_hand or len(looks) < LEAST_LOOKS:
            continue
        found = [cut for cut in cuts if cut is not None]
        # A part that is reached in some steps (a task of its own) is not cut off.
        if len(found) == len(looks):
            always = frozenset.intersection(*(cut.unreached for cut in found))
            if always:
                yield _finding(run, found[0], sorted(always), len(looks), looks[0])
    if run.looks and not tracked:
        raise NotSeen("which tensors autograd follows was not looked at")


def _trainable(run: Run) -> set[Name]:
    return {(n, p.name) for n, model in run.models.items() for p in trainable(model)}


def _known_since(run: Run, names: set[Name]) -> int:
    """The step from which on the models are what they are now: a layer may be unfrozen late."""
    return max((run.models[model].step for model, _ in names), default=0)


def _is_tracked(run: Run, step: int) -> bool:
    return any(
        value.tracked is not None
        for call in run.looks[step].of(LookCall)
        for value in (*call.inputs, *call.outputs)
    )


def _cut(run: Run, step: int, owned: set[Name]) -> Cut | None:
    """The cut in a step that was looked at, if it has one.

    A module that was reached took something that autograd does not follow and that was not given
    from outside; before it a module ran whose parameters were not reached. What that one made, taken
    as it is, is cut off too where autograd follows it: by `detach().requires_grad_()`.
    """
    look = run.looks[step]
    reached = owned & gradients_at(run, step).keys()
    unreached = owned - reached
    if not unreached or not reached:
        return None
    calls = look.of(LookCall)
    given = [value for batch in look.of(LookBatch) for value in batch.tensors]
    before: LookCall | None = None
    ran: set[Name] = set()
    made: list[Values] = []
    for call in calls:
        if call.depth == 0:
            # What a model is given comes from outside, unless another model has just made it.
            given += [v for v in call.inputs if not any(_same(v, other) for other in made)]
            # A model that another optimizer trains is outside, as a generator is to its critic.
            if any(model == call.model for model, _ in owned):
                made += call.outputs
        own = {name for name in owned if name[0] == call.model and _owner(name) == call.module}
        if own and own <= unreached:
            before = call
            ran |= own
        elif own & reached and before is not None and call.inputs:
            first = call.inputs[0]
            if _begins_anew(first, before) and not any(_same(first, value) for value in given):
                return Cut(before, call, frozenset(unreached & ran))
    return None


def _begins_anew(first: Values, before: LookCall) -> bool:
    """Whether a tensor has no graph, or one that begins there, of a module that was not reached."""
    made = any(_same(first, value) for value in before.outputs if value.low is not None)
    return first.tracked is False or bool(first.tracked and made)


def _owner(name: Name) -> str:
    """The module that holds a parameter."""
    return name[1].rpartition(".")[0]


def _same(one: Values, other: Values) -> bool:
    """Whether two tensors look like the same numbers, in whatever shape."""
    if one.low is None or other.low is None:
        return one.shape == other.shape
    return (one.low, one.high, one.mean) == (other.low, other.high, other.mean)


def _finding(run: Run, cut: Cut, unreached: list[Name], looks: int, step: int) -> Finding:
    models = dict.fromkeys(run.models[model].class_name for model, _ in unreached)
    names = [name for _, name in unreached]
    parts = children(name for name in names if "." in name)
    return RULE.found(
        "no gradient ever reaches {tensors:parameter} of {models}"
        + (" ({names})" if parts else "")
        + ": between {before} and {after} the graph is cut",
        site=cut.after.site if cut.after.site >= 0 else _forward_site(run, step, cut.after.model),
        step=step,
        count=looks,
        fix="take out .detach(), .data, .item(), NumPy or no_grad() between these two modules",
        tensors=len(unreached),
        models=", ".join(models),
        names=listed(parts) if parts else None,
        before=_called(cut.before),
        after=_called(cut.after),
        examples=tuple(names[:8]),
        looks=looks,
        ran_before_at=run.place(cut.before.site),
    )


def _called(call: LookCall) -> str:
    return f"{call.class_name} {call.module}".strip()


def _forward_site(run: Run, step: int, model: int) -> int:
    """The line that called the model in a step."""
    for stretch in run.at(step):
        for op in run.operations(stretch.anatomy):
            if op.op == "forward" and op.facts.get("model") == model:
                return op.site
    return -1
