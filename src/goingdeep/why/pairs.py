"""The forwards of a moment, each with the loss of what it returned, and the batches of both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from torch import Tensor

from goingdeep.watch.moments.links import Made
from goingdeep.watch.moments.moment import Moment
from goingdeep.watch.moments.recorded import Forward, Loss, Use
from goingdeep.watch.moments.variant import Batch


@dataclass(frozen=True)
class Pair:
    """A forward and the loss of what it returned."""

    forward: Forward
    loss: Loss
    made: Made
    batch: Batch


def pairs_of(moment: Moment) -> Iterator[Pair]:
    """In order; steps that have none are left out."""
    for step in moment.steps:
        forwards = {op.slot: op for op in step.operations if isinstance(op, Forward)}
        for op in step.operations:
            if not isinstance(op, Loss):
                continue
            given = op.args[0] if op.args else op.kwargs.get("input")
            forward = forwards.get(given.slot) if isinstance(given, Made) else None
            if forward is None or not isinstance(given, Made):
                continue
            inputs, targets = _role(forward, "input"), _role(op, "target")
            if inputs is not None and targets is not None:
                yield Pair(forward, op, given, (inputs, targets))


def in_rows(batch: tuple[Tensor, ...]) -> bool:
    """Whether a batch is an input and a target that can be taken apart into samples, row by row."""
    return (
        len(batch) == 2 and min(part.dim() for part in batch) > 0 and len(batch[0]) == len(batch[1])
    )


def _role(op: Forward | Loss, role: str) -> Tensor | None:
    arguments = (*op.args, *op.kwargs.values())
    uses = [a for a in arguments if isinstance(a, Use) and a.role == role]
    return uses[0].constant.tensor if len(uses) == 1 else None
