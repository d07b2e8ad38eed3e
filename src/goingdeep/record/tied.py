"""Parameters that share one tensor, and what becomes of that while a model changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from goingdeep.record.seen import Model


@dataclass(frozen=True)
class Untied:
    """Two parameters of a model that were one tensor, and are two. step: at which it was noticed."""

    model: int
    name: str
    tied_to: str
    step: int


def untied(before: Model | None, now: Model) -> Iterator[Untied]:
    """What was tied in a model as it was written before, and is not in what is written now."""
    if before is None:
        return
    known = {parameter.name: parameter for parameter in now.parameters}
    for old in before.parameters:
        new = known.get(old.name)
        if old.tied_to in known and new is not None and not new.tied_to:
            yield Untied(now.id, old.name, old.tied_to, now.step)
