"""Which optimizer owns which parameter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from goingdeep.record.seen import Model, Optimizer, Parameter

Name = tuple[int, str]
"""Number of the model and name of the parameter in it."""


def owners(
    optimizers: Mapping[int, Optimizer], models: Mapping[int, Model]
) -> dict[Name, set[int]]:
    """{parameter: numbers of the optimizers that own it}.

    A tied parameter is owned by whoever owns the one with the same storage, and so is one that
    stands in two models (an encoder that is called by itself, too).
    """
    found: dict[Name, set[int]] = {}
    for number, optimizer in optimizers.items():
        for group in optimizer.groups:
            for model, indices in group.owns.items():
                for index in indices:
                    if name := _name(models, model, index):
                        found.setdefault((model, name), set()).add(number)
    for place, called in models.items():
        for parameter in called.parameters:
            for other in _same(models, place, parameter):
                mine = (place, parameter.name)
                together = found.get(mine, set()) | found.get(other, set())
                if together:
                    found[mine] = found[other] = together
    return found


def _same(models: Mapping[int, Model], place: int, parameter: Parameter) -> Iterator[Name]:
    """Where else a parameter stands: in its model, or in another one."""
    if parameter.tied_to:
        yield place, parameter.tied_to
    if name := _name(models, parameter.model, parameter.index):
        yield parameter.model, name


def _name(models: Mapping[int, Model], model: int, index: int) -> str:
    known = models.get(model)
    within = known is not None and 0 <= index < len(known.parameters)
    return known.parameters[index].name if known is not None and within else ""
