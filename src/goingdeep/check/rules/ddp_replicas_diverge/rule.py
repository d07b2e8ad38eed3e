"""Processes that train one model together have different weights.

## What happens
The processes of a distributed training split the data, and each has a copy of the model. Copies that
stay one model have the same weights after every step. These have not: their gradients are not averaged
(the model is not wrapped in DistributedDataParallel, or its wrapper is left out: `model.module(x)`), or
the weights or the learning rates were different from the beginning.

## Why it hurts
Each process trains a model of its own, on its part of the data, and what is saved is that of one of
them: the other processes worked for nothing, and nothing about the saved one shows it.

## How to fix it
    model = DistributedDataParallel(model)  # in every process, before the optimizer is made
    ...
    loss = criterion(model(x), y)  # the wrapper itself, not model.module

Load weights before wrapping, in every process: the wrapper then makes all of them equal.

## When it is fine
Each process trains another model (parts of a pipeline, members of an ensemble on all of the data), or
holds a part of each weight (FSDP, tensor parallelism). Weights that are averaged every few steps (local
SGD) differ in between: where the processes exchange tensors as large as a weight, this is not checked.

## Sources
jingyaogong/minimind#854, moojink/openvla-oft#160, pytorch/pytorch#104336, k2-fsa/icefall#226.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from goingdeep.check.rule import Finding, NotSeen, Rule
from goingdeep.check.run import LookStep, Run
from goingdeep.record.seen import Exchange, Model

RULE = Rule(
    "ddp-replicas-diverge",
    "error",
    needs=("ranks", "look", "optimizer"),
    unproved="the processes would have to be replayed together",
)

LEAST_LOOKS = 3
"""Steps that were looked at in all processes, and left them apart."""

ROUNDING = 1e-6
"""Relative difference of two norms that is one: they are recorded with seven digits."""

WRAPPER = "DistributedDataParallel"
SHARDED = ("FullySharded", "FSDP", "DeepSpeed", "Pipeline", "TensorParallel", "ColwiseParallel")
"""Parts of the class names of models that are not whole in one process."""

Taught = tuple[tuple[str, tuple[tuple[str, tuple[int, ...]], ...]], ...]
"""What an optimizer teaches: of each model its class, and name and shape of each parameter."""


class Widest(NamedTuple):
    """The weight that differs most. here, there: its norms in the first process and in `rank`."""

    apart: float
    name: str
    here: float
    there: float
    rank: int


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each optimizer whose weights differ between processes of one model."""
    if any(other.rank < run.rank for other in run.others):
        raise NotSeen("the first process speaks for all")
    for number, optimizer in run.optimizers.items():
        models = _models(run, number)
        same = [o for o in run.others if models and _models(o, number) == models]
        if optimizer.by_hand or not same or not _meant_as_one([run, *same], number):
            continue
        apart = _apart([run, *same], number)
        if len(apart) < LEAST_LOOKS:
            continue
        widest = _widest([run, *same], number, apart[-1])
        if widest is None:
            continue
        exchanged = max((e.values for one in (run, *same) for e in one.of(Exchange)), default=0)
        if exchanged >= _largest(models):
            raise NotSeen(
                "the processes exchange tensors as large as a weight: whether theirs should be "
                "the same between two exchanges cannot be seen"
            )
        yield _found(run, same, number, apart, widest)


def _owned(run: Run, number: int) -> list[int]:
    """The models that an optimizer teaches."""
    return sorted({model for group in run.optimizers[number].groups for model in group.owns})


def _models(run: Run, number: int) -> Taught:
    """What an optimizer teaches; nothing where that is not whole."""
    optimizer = run.optimizers.get(number)
    if optimizer is None or any(group.unknown for group in optimizer.groups):
        return ()
    found = []
    for place in _owned(run, number):
        model = run.models.get(place)
        if model is None or _is_sharded(model):
            return ()
        owned = {i for group in optimizer.groups for i in group.owns.get(place, ())}
        shapes = tuple((p.name, p.shape) for i, p in enumerate(model.parameters) if i in owned)
        found.append((model.class_name, shapes))
    return tuple(found)


def _is_sharded(model: Model) -> bool:
    names = (model.class_name, *(part.class_name for part in model.parts))
    return any(sharded in name for name in names for sharded in SHARDED)


def _largest(models: Taught) -> int:
    """Numbers in the largest weight."""
    return max((math.prod(shape) for _, shapes in models for _, shape in shapes), default=0)


def _meant_as_one(runs: Sequence[Run], number: int) -> bool:
    """Whether every process says so: it wraps the model, or reads its part of the same data."""
    return all(_is_wrapped(run, number) or _reads_a_part(run) for run in runs)


def _is_wrapped(run: Run, number: int) -> bool:
    return any(WRAPPER in run.models[model].class_name for model in _owned(run, number))


def _reads_a_part(run: Run) -> bool:
    return any(
        "Distributed" in run.loaders[walk.loader].sampler
        for walk in run.passes
        if walk.steps and walk.loader in run.loaders
    )


def _steps(run: Run, number: int) -> dict[int, LookStep]:
    return {look.step: step for look, step in run.looked_at(number) if step.checksum}


def _apart(runs: Sequence[Run], number: int) -> list[int]:
    """The steps that were looked at everywhere and left the processes apart, up to the last one.

    Nothing where they have come together again.
    """
    looked = [_steps(run, number) for run in runs]
    common = sorted(set.intersection(*map(set, looked)))
    apart = [step for step in common if len({one[step].checksum for one in looked}) > 1]
    return apart if apart and apart == common[-len(apart) :] else []


def _widest(runs: Sequence[Run], number: int, step: int) -> Widest | None:
    """The weight that differs most between the first process and another; None within rounding."""
    first = _norms(runs[0], number, step)
    found = [
        Widest(abs(there - here) / max(abs(there), abs(here)), name, here, there, run.rank)
        for run in runs[1:]
        for name, there in _norms(run, number, step).items()
        if (here := first.get(name, there)) != there
    ]
    widest = max(found, default=None)
    return widest if widest is not None and widest.apart > ROUNDING else None


def _norms(run: Run, number: int, step: int) -> dict[str, float]:
    """L2 norms of the weights before a step that was looked at."""
    updates = _steps(run, number)[step].updates
    return {u.name: u.weight for u in updates if isinstance(u.weight, float)}


def _found(
    run: Run, same: Sequence[Run], number: int, apart: Sequence[int], widest: Widest
) -> Finding:
    model = run.models[_owned(run, number)[0]]
    wrapped = _is_wrapped(run, number)
    site, fix = (
        run.optimizers[number].site,
        "model = DistributedDataParallel(model)  # before this line",
    )
    line = run.site(model.site)
    if line is not None and ".module" in line.source:
        site, fix = model.site, "call the wrapped model itself: model(x), not model.module(x)"
    elif wrapped:
        fix = "load weights before DistributedDataParallel(model), and give every process one rate"
    rates = [
        float(rate)
        for one in (run, *same)
        if isinstance(rate := _steps(one, number)[apart[-1]].settings.get("lr"), int | float)
    ]
    return RULE.found(
        "{processes} processes train one {model}, and their weights are not the same: the norm of "
        "{weight} is {here} in process {process} and {there} in process {other}, before step {at}",
        site=site,
        step=apart[0],
        count=len(apart),
        fix=fix,
        processes=1 + len(same),
        model=model.class_name,
        weight=widest.name,
        here=widest.here,
        process=run.rank,
        there=widest.there,
        other=widest.rank,
        at=apart[-1],
        wrapped=wrapped,
        rates=tuple(rates) if len(set(rates)) > 1 else None,
    )
